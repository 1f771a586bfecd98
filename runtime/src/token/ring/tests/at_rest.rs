//! What lies in the store (row 177).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::super::document;
use super::super::vault::Vault;
use super::{MINUTE, SECRET, START, builder, open};
use crate::store::MemoryStore;
use crate::testing::TestClock;
use crate::token::{KeyRing, KeyRingError, KeyStore, StoredKeys};

const NEXT_SECRET: &str = "w3Yt9uBcP1rLzQ0vKs7dXfN6mGhJ5eTo2aViE4RnU8k";

async fn content(store: &MemoryStore) -> StoredKeys {
    store.load_keys().await.unwrap().unwrap()
}

fn json(document: &[u8]) -> Value {
    serde_json::from_slice(document).unwrap()
}

/// A ring with a signing and an announced key.
async fn two_keys() -> (MemoryStore, TestClock, KeyRing) {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    ring.rotate_now().await.unwrap();
    (store, clock, ring)
}

/// The private keys of a document, as the back end reads them.
fn private_keys(secret: &str, document: &[u8]) -> Vec<Vec<u8>> {
    let vault = Vault::new([secret.as_bytes()]).unwrap();
    let document = json(document);
    let keys = document["keys"].as_array().unwrap();
    let open = |key: &Value| {
        let number =
            |name: &str| key[name].as_i64().map_or_else(|| "-".to_owned(), |number| number.to_string());
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let context = format!(
            "countersign key ring 1\n{}\n{}\n{}\n{}\n{}",
            text("kid"),
            text("alg"),
            number("announced_at"),
            number("signs_from"),
            number("signs_until")
        );
        vault.open(&context, &text("private")).unwrap().plain.to_vec()
    };
    keys.iter().map(open).collect()
}

/// Whether a piece of the private scalar is in these bytes, as it is or in a usual encoding.
fn shows(bytes: &[u8], private: &[u8]) -> bool {
    // In PKCS#8 of P-256, the scalar of 32 bytes begins there.
    let scalar = &private[36..68];
    let hexadecimal: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![scalar.to_vec(), hexadecimal.to_uppercase().into_bytes(), hexadecimal.into_bytes()];
    for from in 0..3 {
        forms.push(URL_SAFE_NO_PAD.encode(&scalar[from..]).into_bytes());
        forms.push(STANDARD.encode(&scalar[from..]).into_bytes());
    }
    let pieces = forms.iter().flat_map(|form| form.windows(14));
    pieces.into_iter().any(|piece| bytes.windows(piece.len()).any(|found| found == piece))
}

/// Row 177.
#[tokio::test]
async fn no_private_key_and_no_secret_is_in_the_document() {
    let (store, _, _) = two_keys().await;
    let StoredKeys { document, .. } = content(&store).await;
    let private = private_keys(SECRET, &document);
    assert_eq!(private.len(), 2);
    for private in private {
        assert!(shows(&private, &private) && shows(STANDARD.encode(&private).as_bytes(), &private));
        assert!(!shows(&document, &private));
    }
    assert!(!document.windows(8).any(|found| found == &SECRET.as_bytes()[..8]));
    let text = String::from_utf8(document).unwrap();
    for name in ["PRIVATE", "\"d\"", "\"k\"", "BEGIN"] {
        assert!(!text.contains(name), "{name}");
    }
}

/// Row 177. The whole file, and the log beside it.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn no_private_key_is_in_the_files_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store::SqliteStore::open(folder.path().join("keys.db")).await.unwrap();
    let ring = open(&store, &TestClock::at(START.unix())).await;
    ring.rotate_now().await.unwrap();
    let document = store.load_keys().await.unwrap().unwrap().document;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let kid = ring.signing_kid();
    assert!(bytes.windows(kid.len()).any(|found| found == kid.as_bytes()), "the search finds nothing");
    for private in private_keys(SECRET, &document) {
        assert!(!shows(&bytes, &private));
    }
}

/// Row 177. One who can write to the store, and has not the secret, can only remove keys.
#[tokio::test]
async fn a_key_that_was_changed_in_the_store_is_refused() {
    let (store, clock, ring) = two_keys().await;
    let good = json(&content(&store).await.document);
    let changed = |change: fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        document
    };
    for (what, document) in [
        (
            "swapped keys",
            changed(|it| {
                let first = it["keys"][0]["private"].take();
                let second = std::mem::replace(&mut it["keys"][1]["private"], first);
                it["keys"][0]["private"] = second;
            }),
        ),
        ("another kid", changed(|it| it["keys"][0]["kid"] = "k1".into())),
        ("another algorithm", changed(|it| it["keys"][0]["alg"] = "ES384".into())),
        ("signs earlier", changed(|it| it["keys"][1]["signs_from"] = START.unix().into())),
        ("signs for ever", changed(|it| it["keys"][0]["signs_until"] = Value::Null)),
        ("signs for longer", changed(|it| it["keys"][0]["signs_until"] = (START.unix() + 1).into())),
        ("announced earlier", changed(|it| it["keys"][1]["announced_at"] = 1.into())),
        ("no ciphertext", changed(|it| it["keys"][0]["private"] = "".into())),
        ("a short ciphertext", changed(|it| it["keys"][0]["private"] = "AAAAAAAAAAAAAAAAAAAA".into())),
    ] {
        let version = content(&store).await.version;
        store.replace_keys(document.to_string().as_bytes(), version).await.unwrap();
        let refused = builder(&store, &clock).open().await.unwrap_err();
        assert!(matches!(refused, KeyRingError::OtherSecret), "{what}: {refused}");
        assert!(matches!(ring.tick().await, Err(KeyRingError::OtherSecret)), "{what}");
        assert_eq!(ring.kids().len(), 2, "{what}");
    }
    for (what, document) in [
        ("a key twice", changed(|it| it["keys"][1] = it["keys"][0].clone())),
        ("an unknown algorithm", changed(|it| it["keys"][0]["alg"] = "none".into())),
        ("a member less", changed(|it| drop(it["keys"][0].as_object_mut().unwrap().remove("kid")))),
    ] {
        let version = content(&store).await.version;
        store.replace_keys(document.to_string().as_bytes(), version).await.unwrap();
        assert!(matches!(ring.tick().await, Err(KeyRingError::Damaged)), "{what}");
    }
    let version = content(&store).await.version;
    store.replace_keys(good.to_string().as_bytes(), version).await.unwrap();
    ring.tick().await.unwrap();
}

#[tokio::test]
async fn another_secret_opens_nothing_and_a_new_one_takes_over() {
    let (store, clock, ring) = two_keys().await;
    let with = |secret: &str| KeyRing::builder(store.clone(), secret).clock(clock.clone());
    let refused = with(NEXT_SECRET).open().await.unwrap_err();
    assert!(matches!(refused, KeyRingError::OtherSecret), "{refused}");
    assert!(refused.to_string().contains("`accept_secret`"));

    let moving = with(NEXT_SECRET).accept_secret(SECRET).open().await.unwrap();
    assert_eq!(moving.kids(), ring.kids());
    // Without a change of the keys, they are encrypted anew.
    assert_eq!(with(NEXT_SECRET).open().await.unwrap().kids(), moving.kids());
    assert!(matches!(with(SECRET).open().await, Err(KeyRingError::OtherSecret)));
    assert!(matches!(ring.tick().await, Err(KeyRingError::OtherSecret)), "the old one reads it no more");
}

/// Row 177. Without end, two servers with different first secrets would write the same keys at every look.
#[tokio::test]
async fn keys_come_under_the_first_secret_once_a_minute_or_by_hand() {
    let (store, clock, _) = two_keys().await;
    let ring = |first: &str, other: &str| {
        KeyRing::builder(store.clone(), first).accept_secret(other).clock(clock.clone()).open()
    };
    let is_under = async |secret: &str| {
        let vault = Vault::new([secret.as_bytes()]).unwrap();
        document::read(&vault, &content(&store).await.document).is_ok()
    };
    let new = ring(NEXT_SECRET, SECRET).await.unwrap();
    assert!(is_under(NEXT_SECRET).await && !is_under(SECRET).await);
    let version = content(&store).await.version;
    new.tick().await.unwrap();
    assert_eq!(content(&store).await.version, version, "it is written once");

    let old = ring(SECRET, NEXT_SECRET).await.unwrap();
    assert!(is_under(SECRET).await, "a server that starts, at once");
    for ring in [&new, &old, &new] {
        ring.tick().await.unwrap();
        assert!(is_under(SECRET).await);
    }
    clock.advance(MINUTE);
    new.tick().await.unwrap();
    assert!(is_under(NEXT_SECRET).await, "a minute later");
    clock.advance(MINUTE);
    old.tick().await.unwrap();
    assert!(is_under(SECRET).await);
    new.rotate_now().await.unwrap();
    clock.advance(MINUTE / 2);
    old.tick().await.unwrap();
    old.rotate_now().await.unwrap();
    assert!(is_under(SECRET).await);
    new.rotate_now().await.unwrap();
    assert!(is_under(NEXT_SECRET).await, "by hand, at once");
    assert_eq!(new.kids().len(), 2);
}

/// Row 177. The same key is never encrypted under the same nonce twice.
#[test]
fn every_encryption_has_another_nonce() {
    let vault = Vault::new([SECRET.as_bytes()]).unwrap();
    let sealed: Vec<_> = (0..100).map(|_| vault.seal("context", b"private key").unwrap()).collect();
    let nonces: std::collections::HashSet<_> = sealed.iter().map(|sealed| &sealed[..16]).collect();
    assert_eq!(nonces.len(), sealed.len());
    for sealed in &sealed {
        assert_eq!(vault.open("context", sealed).unwrap().plain.as_slice(), b"private key");
        assert!(vault.open("other context", sealed).is_none());
    }
}

/// The form that servers of other versions read: AES-256-GCM, the nonce in front, the tag behind.
#[test]
fn the_form_at_rest_stays() {
    let vault = Vault::new([SECRET.as_bytes()]).unwrap();
    let sealed = vault.seal("context", &[0; 138]).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(sealed).unwrap().len(), 12 + 138 + 16);
    assert!(document::read(&vault, br#"{"format":1,"keys":[]}"#).unwrap().entries.is_empty());
}
