//! Public keys as others read them (rows 29 and 177).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::algorithms::{P256, P256_PUBLIC};
use super::kit::secret_key;
use crate::token::{Algorithm, Key, KeySet};

const ED25519: &str = include_str!("../testdata/test_key_ed25519.pem");
const P384: &str = include_str!("../testdata/test_key_p384.pem");
const RSA: &str = include_str!("../testdata/test_key_rsa2048.pem");

/// Each algorithm with a private key, and the members that its type has beside `kty`.
const PAIRS: [(Algorithm, &str, &[&str]); 5] = [
    (Algorithm::Es256, P256, &["crv", "x", "y"]),
    (Algorithm::Es384, P384, &["crv", "x", "y"]),
    (Algorithm::EdDsa, ED25519, &["crv", "x"]),
    (Algorithm::Rs256, RSA, &["n", "e"]),
    (Algorithm::Ps256, RSA, &["n", "e"]),
];

fn members(jwk: &Value) -> BTreeSet<&str> {
    jwk.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Whether some piece of 12 bytes of the secret is in the text, in any of the usual encodings.
fn shows(text: &str, secret: &[u8]) -> bool {
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let encoded = (0..3).map(|from| URL_SAFE_NO_PAD.encode(&secret[from..]));
    let lower = text.to_ascii_lowercase();
    encoded.into_iter().any(|encoded| {
        encoded.as_bytes().windows(16).any(|piece| text.contains(str::from_utf8(piece).unwrap()))
    }) || hexadecimal.as_bytes().windows(24).any(|piece| lower.contains(str::from_utf8(piece).unwrap()))
}

/// Rows 29 and 177.
#[test]
fn public_jwk_has_the_public_members_alone_and_reads_back_as_the_same_key() {
    for (algorithm, pem, own) in PAIRS {
        let key = Key::from_private_pem(algorithm, pem).unwrap().with_kid("k1").unwrap();
        let text = key.public_jwk().unwrap();
        let jwk: Value = serde_json::from_str(&text).unwrap();
        let expected: BTreeSet<_> = ["kid", "kty", "alg", "use"].iter().chain(own).copied().collect();
        assert_eq!(members(&jwk), expected, "{algorithm}");
        assert_eq!((&jwk["kid"], &jwk["use"]), (&"k1".into(), &"sig".into()));
        assert_eq!(jwk["alg"], algorithm.name());

        let read = Key::from_jwk(&text).unwrap();
        assert!(read.is_same_key(&key) && !read.can_sign());
        assert_eq!((read.kid(), read.algorithm()), ("k1", algorithm));
        assert_eq!(read.public_jwk().unwrap(), text);
    }
    let (public, private) = (
        Key::from_public_pem(Algorithm::Es256, P256_PUBLIC).unwrap(),
        Key::from_private_pem(Algorithm::Es256, P256).unwrap(),
    );
    assert_eq!(public.public_jwk(), private.public_jwk());
}

/// Row 177.
#[test]
fn no_private_bytes_are_in_a_published_set() {
    let keys = PAIRS.map(|(algorithm, pem, _)| {
        Key::from_private_pem(algorithm, pem).unwrap().with_kid(algorithm.name()).unwrap()
    });
    let [first, .., rsa] = &keys;
    let mut set = KeySet::new(first.clone()).unwrap();
    for key in &keys[1..4] {
        set = set.accept(key.clone()).unwrap();
    }
    let text = set.public_jwks() + &KeySet::new(rsa.clone()).unwrap().public_jwks();
    for (algorithm, pem, _) in PAIRS {
        let der = pem::parse(pem).unwrap().into_contents();
        // The end of an EC key is its public point, and the first third of an RSA key is the modulus.
        let private = match algorithm {
            Algorithm::Es256 => &der[36..68],
            Algorithm::Es384 => &der[35..83],
            Algorithm::EdDsa => &der[16..48],
            _ => &der[der.len() / 2..],
        };
        assert!(
            shows(pem, private) || shows(&URL_SAFE_NO_PAD.encode(&der), private),
            "{algorithm}: the search finds nothing"
        );
        assert!(!shows(&text, private), "{algorithm}");
    }
}

/// Rows 29 and 177.
#[test]
fn a_secret_has_no_public_half() {
    assert_eq!(secret_key().public_jwk(), None);
    assert_eq!(KeySet::new(secret_key()).unwrap().public_jwks(), r#"{"keys":[]}"#);
}

#[test]
fn published_set_reads_back_as_the_keys_that_verify() {
    let keys = KeySet::new(Key::from_private_pem(Algorithm::Es256, P256).unwrap()).unwrap();
    let keys = keys.accept(Key::from_private_pem(Algorithm::EdDsa, ED25519).unwrap()).unwrap();
    let read = KeySet::from_jwks(&keys.public_jwks()).unwrap();
    assert!(!read.can_sign());
    let kids = |keys: &KeySet| keys.keys().iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
    assert_eq!(kids(&read), kids(&keys));
}
