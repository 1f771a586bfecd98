//! Rings by themselves, on each store, and under an `Auth`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod at_rest;
mod lives;
mod outages;
mod revocation;
mod settings;
mod start;
mod year;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{KeyRing, KeyRingBuilder, KeyStore, StoredKeys};
use crate::auth::Auth;
use crate::clock::Timestamp;
use crate::session::SessionMetadata;
use crate::store::{MemoryStore, StoreError};
use crate::testing::TestClock;
use crate::token::tests::kit::{AUDIENCE, ISSUER, Rank, User};
use crate::token::{Algorithm, Key, TokenError};

const SECRET: &str = "jTq6kZr0Wn1xYvB3cLm8sPdF5gHu2aEo4iKXwNzQ7RM";
const START: Timestamp = Timestamp::from_unix(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a retired key is accepted by a server with the usual settings.
const GRACE: Duration = Duration::from_secs(15 * 60 + 60);

fn builder(store: &(impl KeyStore + Clone), clock: &TestClock) -> KeyRingBuilder {
    KeyRing::builder(store.clone(), SECRET).clock(clock.clone())
}

async fn open(store: &(impl KeyStore + Clone), clock: &TestClock) -> KeyRing {
    builder(store, clock).open().await.unwrap()
}

fn user() -> User {
    User { id: 7, roles: vec![Rank::Member], email: "ann@example.com".to_owned() }
}

/// A server whose sessions are its own.
struct Server {
    ring: KeyRing,
    auth: Auth<User>,
}

impl Server {
    async fn start(store: &(impl KeyStore + Clone), clock: &TestClock) -> Self {
        Self::of(open(store, clock).await, clock)
    }

    fn of(ring: KeyRing, clock: &TestClock) -> Self {
        let auth = Auth::builder()
            .key_ring(ring.clone())
            .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .store(MemoryStore::new())
            .claims_source(|id| async move { Ok(Some(User { id, ..user() })) })
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { ring, auth }
    }

    async fn token(&self) -> String {
        self.auth.login(&user(), SessionMetadata::default()).await.unwrap().access_token
    }

    fn verify(&self, token: &str) -> Result<(), TokenError> {
        self.auth.verify_access(token.as_bytes()).map(drop)
    }

    fn reason(&self, token: &str) -> &'static str {
        self.verify(token).map_or_else(|error| error.reason(), |()| "verified")
    }

    fn published(&self) -> Vec<String> {
        kids_in(&self.auth.published_keys().json)
    }
}

fn kids_in(jwks: &str) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(jwks).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid_of(token: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// A store that a test breaks.
#[derive(Clone, Default)]
struct Breakable {
    store: MemoryStore,
    is_broken: Arc<AtomicBool>,
}

impl Breakable {
    fn set(&self, is_broken: bool) {
        self.is_broken.store(is_broken, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.is_broken.load(Ordering::SeqCst) {
            true => Err(StoreError::unreachable("broken by a test")),
            false => Ok(()),
        }
    }
}

impl KeyStore for Breakable {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        self.check()?;
        self.store.load_keys().await
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        self.check()?;
        self.store.replace_keys(document, expected_version).await
    }
}
