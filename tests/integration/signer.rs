//! Access tokens that are signed elsewhere: by a process that alone has the private key.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::token::{AccessTokens, Algorithm, Key, KeyError, KeyRing, KeySet, Signer, TokenSettings};
use countersign::{Auth, AuthBuilder, AuthError, BoxError, ConfigError, Timestamp};
use jsonwebtoken::EncodingKey;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::{AUDIENCE, ISSUER, NOW, REFRESH_SECRET, User, key, session_of};

const RSA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/token/testdata/test_key_rsa2048.pem");
const RSA_PUBLIC: &str = include_str!("../../runtime/src/token/testdata/test_key_rsa2048.pub.pem");
const P256: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/token/testdata/test_key_p256.pem");
const P256_PUBLIC: &str = include_str!("../../runtime/src/token/testdata/test_key_p256.pub.pem");

/// The program `openssl`, which reads the private key from its file and the message from its input.
async fn openssl(path: &'static str, message: Vec<u8>) -> Result<Vec<u8>, BoxError> {
    let mut process = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign", path])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs; if it is not there, type: sudo apt-get install -y openssl");
    process.stdin.take().unwrap().write_all(&message).await?;
    let output = process.wait_with_output().await?;
    if output.status.success() { Ok(output.stdout) } else { Err("openssl does not sign".into()) }
}

/// A service that a test breaks and counts.
#[derive(Clone, Default)]
struct Service {
    calls: Arc<AtomicUsize>,
    broken: Arc<AtomicUsize>,
}

impl Signer for Service {
    async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, BoxError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match self.broken.load(Ordering::SeqCst) {
            0 => openssl(RSA, message).await,
            1 => Err("the service is down".into()),
            // Signs something else.
            2 => openssl(RSA, b"x".to_vec()).await,
            3 => Ok(vec![0; 256]),
            _ => Ok(Vec::new()),
        }
    }
}

/// ECDSA as a token has it.
async fn in_process(message: Vec<u8>) -> Result<Vec<u8>, BoxError> {
    let key = EncodingKey::from_ec_pem(&std::fs::read(P256)?)?;
    let signature = jsonwebtoken::crypto::sign(&message, &key, jsonwebtoken::Algorithm::ES256)?;
    Ok(URL_SAFE_NO_PAD.decode(signature)?)
}

fn rsa() -> Key {
    Key::from_public_pem(Algorithm::Rs256, RSA_PUBLIC).unwrap().with_kid("kms-1").unwrap()
}

fn builder(clock: &TestClock) -> AuthBuilder<User> {
    Auth::builder()
        .refresh_key(key(REFRESH_SECRET))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::new())
        .claims_source(|id| async move { Ok(Some(User { id, ..User::with(&[]) })) })
        .clock(clock.clone())
}

fn auth(signer: impl Signer) -> Auth<User> {
    builder(&TestClock::at(NOW)).signer(rsa(), signer).build().unwrap()
}

async fn login(auth: &Auth<User>) -> Result<countersign::TokenPair, AuthError> {
    auth.login(&User::with(&[]), SessionMetadata::default()).await
}

#[tokio::test]
async fn a_process_of_its_own_signs_what_everyone_verifies_with_the_public_key() {
    let service = Service::default();
    let auth = auth(service.clone());
    let pair = login(&auth).await.unwrap();
    assert_eq!(service.calls.load(Ordering::SeqCst), 1);
    assert!(auth.introspect(&pair.access_token).await.unwrap().active);
    assert!(auth.jwks().is_ok());

    let keys = KeySet::verify_only([rsa()]).unwrap();
    let tokens = AccessTokens::new(keys, TokenSettings::new(ISSUER, AUDIENCE)).unwrap();
    let now = Timestamp::from_unix(NOW);
    let verified = tokens.verify::<User>(pair.access_token.as_bytes(), now).unwrap();
    assert_eq!(verified.claims.id, 7);

    // Every way to a token goes to the service.
    let renewed = auth.refresh(&pair.refresh_token).await.unwrap();
    let session = session_of(&auth, &renewed.access_token).await;
    let again = auth.reauthenticate(&session).await.unwrap();
    let session = session_of(&auth, &again.access_token).await;
    let customer = User { id: 8, ..User::with(&[]) };
    let granted = auth.impersonate(&session, &customer).await.unwrap();
    for token in [&renewed.access_token, &again.access_token, &granted.access_token] {
        tokens.verify::<User>(token.as_bytes(), now).unwrap();
    }
    assert_eq!(service.calls.load(Ordering::SeqCst), 4);
}

/// Row 88. A service that fails, or signs with something else, is an outage: nothing has changed.
#[tokio::test]
async fn a_signer_that_fails_ends_no_session_and_leaves_none() {
    let service = Service::default();
    let auth = auth(service.clone());
    let pair = login(&auth).await.unwrap();
    for broken in 1..5 {
        service.broken.store(broken, Ordering::SeqCst);
        let refused = login(&auth).await.unwrap_err();
        assert!(matches!(refused, AuthError::Unavailable(_)), "{broken}: {refused:?}");
        let refused = auth.refresh(&pair.refresh_token).await.unwrap_err();
        assert!(matches!(refused, AuthError::Unavailable(_)), "{broken}: {refused:?}");
        assert!(!refused.to_string().contains("down"));
    }
    assert_eq!(auth.sessions(&7).await.unwrap().len(), 1, "a sign-in that failed has left a session");
    service.broken.store(0, Ordering::SeqCst);
    auth.refresh(&pair.refresh_token).await.unwrap();
}

/// ECDSA of most services is DER, and that of a token is not.
#[tokio::test]
async fn a_signature_in_der_is_refused_when_it_is_made() {
    let public = Key::from_public_pem(Algorithm::Es256, P256_PUBLIC).unwrap();
    let signer = |message: Vec<u8>| async move { openssl(P256, message).await };
    let auth = builder(&TestClock::at(NOW)).signer(public, signer).build().unwrap();
    let refused = login(&auth).await.unwrap_err();
    let AuthError::Unavailable(cause) = refused else { panic!("{refused:?}") };
    assert_eq!(cause.to_string(), "the signature does not verify with the public key");
}

/// Row 28. Another key in the service, without a restart.
#[tokio::test]
async fn a_signer_is_replaced_while_tokens_of_the_old_key_are_accepted() {
    let service = Service::default();
    let auth = auth(service.clone());
    let before = login(&auth).await.unwrap().access_token;
    // The same key under another name is a mistake, and changes nothing.
    let again = rsa().with_kid("kms-2").unwrap();
    let refused = auth.replace_signer(again, service.clone(), [rsa()]).unwrap_err();
    assert!(matches!(refused, ConfigError::Key(KeyError::DuplicateKey)), "{refused}");

    let next = Key::from_public_pem(Algorithm::Es256, P256_PUBLIC).unwrap();
    auth.replace_signer(next.clone(), in_process, [rsa()]).unwrap();
    let after = login(&auth).await.unwrap().access_token;
    for token in [&before, &after] {
        assert!(auth.introspect(token).await.unwrap().active);
    }
    assert_eq!(service.calls.load(Ordering::SeqCst), 1);
    auth.replace_signer(next, in_process, []).unwrap();
    assert!(!auth.introspect(&before).await.unwrap().active);
    assert!(auth.introspect(&after).await.unwrap().active);
}

/// Row 24.
#[tokio::test]
async fn a_signer_beside_other_keys_or_with_a_secret_is_refused() {
    let clock = TestClock::at(NOW);
    let service = Service::default();
    let secret = || key(crate::support::ACCESS_SECRET);
    let both = builder(&clock).signer(rsa(), service.clone()).access_key(secret()).build();
    assert!(matches!(both, Err(ConfigError::Signer)));
    let ring = KeyRing::builder(MemoryStore::new(), crate::support::ACCESS_SECRET).open().await.unwrap();
    let both = builder(&clock).signer(rsa(), service.clone()).key_ring(ring).build();
    assert!(matches!(both, Err(ConfigError::Signer)));
    let with_secret = builder(&clock).signer(secret(), service.clone()).build();
    assert!(matches!(with_secret, Err(ConfigError::Key(KeyError::AlgorithmOfOtherKind(Algorithm::Hs256)))));
    let auth = auth(service.clone());
    let replaced = auth.replace_access_keys(KeySet::new(secret()).unwrap());
    assert!(matches!(replaced, Err(ConfigError::Signer)));
    let own = crate::support::App::new();
    assert!(matches!(own.auth.replace_signer(rsa(), service, []), Err(ConfigError::Signer)));
}
