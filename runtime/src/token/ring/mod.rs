//! Keys that are made, announced, used and retired by themselves: [`KeyRing`].
//!
//! [`life`] says what follows from the times of keys, and [`document`] how they are written, encrypted by [`vault`], into a [`KeyStore`].
//! [`keeper`] brings the two together: what it reads, changes and writes, and the keys that it hands to those that sign and verify.

mod builder;
mod document;
mod error;
mod generate;
mod keeper;
mod life;
mod plan;
mod state;
mod store;
mod vault;

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::KeyRingBuilder;
pub use error::KeyRingError;
use keeper::Keeper;
pub use store::{KeyStore, StoredKeys};

use super::KeySet;
use crate::clock::Timestamp;

/// Signing keys that make and replace themselves: each is announced, then signs, then is retired.
///
/// ```no_run
/// use countersign::store::SqliteStore;
/// use countersign::token::KeyRing;
/// use countersign::{Auth, SessionClaims};
///
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::open("sessions.db").await?;
/// // 32 random bytes, as from `openssl rand -base64 32`. They encrypt the private keys in the store.
/// let secret = std::env::var("KEY_RING_SECRET")?;
/// let ring = KeyRing::builder(store.clone(), secret).open().await?;
/// let auth = Auth::<User>::builder()
///     .key_ring(ring)
///     .store(store)
///     // refresh key, issuer, audience, claims source
///     # .issuer("https://api.example.com");
/// # Ok(())
/// # }
/// ```
///
/// # The life of a key
///
/// | state | published, and its tokens accepted | signs | how long |
/// |---|---|---|---|
/// | announced | yes | no | 24 hours, so that every verifier has it before it signs |
/// | signing | yes | yes | 90 days |
/// | retired | yes | no | as long as an access token lives, and the leeway |
///
/// All times are written into the store when the key is announced, and every server acts on them by its own clock. So the change needs no
/// message, no restart and no store that answers at that moment. Servers that start together on an empty store agree on one key.
///
/// # The store
///
/// The keys are one document in a [`KeyStore`], which all servers share and read every 800 milliseconds. Private keys in it are encrypted with
/// AES-256-GCM. If the store does not answer, the servers go on with the keys they have, and the log says so. A server cannot start
/// without it. An answer that takes longer than five seconds is none.
///
/// Two servers that revoke one key while the store does not answer each sign with a new key of their own, and one of the two keys ends when the
/// store is back. Clocks may differ by the leeway: a server whose clock is off by days can announce and end keys for all.
///
/// Clones are handles of the same ring.
#[derive(Clone)]
pub struct KeyRing {
    keeper: Arc<Keeper>,
}

/// A receiver of new keys, or of the question whether it still wants any, which it answers in both cases.
type Follower = Box<dyn Fn(Option<KeySet>) -> bool + Send + Sync>;

impl KeyRing {
    /// Starts a configuration with the place of the keys and the secret that encrypts them there.
    ///
    /// The secret has 32 random bytes or more, as bytes or as text. [`open`](KeyRingBuilder::open) refuses what
    /// [`Key::from_secret`](super::Key::from_secret) refuses. Who has both the secret and the store can sign any token.
    ///
    /// A database, or a prefix in Redis, keeps one ring: the `Auth`s of all rings over it share their keys. Applications that are not to accept
    /// each other's tokens need a store each.
    pub fn builder(store: impl KeyStore, secret: impl AsRef<[u8]>) -> KeyRingBuilder {
        KeyRingBuilder::new(store, secret.as_ref())
    }

    /// Reads the store, and makes, announces and removes the keys that are due. An [`Auth`](crate::Auth) with this ring calls it every 800
    /// milliseconds, so only tests and programs without a runtime of `tokio` need to.
    ///
    /// # Errors
    ///
    /// A [`KeyRingError`] when the store fails or cannot be read. The keys from before stay in use.
    pub async fn tick(&self) -> Result<(), KeyRingError> {
        self.keeper.tick().await
    }

    /// Replaces the signing key before its time. Returns when the next key signs, which is announced first. If the next key is announced
    /// already, it signs as soon as it has been announced for long enough.
    ///
    /// It is for a change of hands or a rehearsal. After a leak, use [`revoke_key`](Self::revoke_key).
    ///
    /// # Errors
    ///
    /// A [`KeyRingError`] when the store fails. The change may have happened all the same.
    pub async fn rotate_now(&self) -> Result<Timestamp, KeyRingError> {
        self.keeper.rotate_now().await
    }

    /// Ends a key that has leaked: on this server its tokens are refused from now on, on others within a second, if the store answers.
    /// Returns whether the ring had the key.
    ///
    /// If it was the signing key, the announced key signs at once, or a new one. Users keep their sessions, and refresh. A new key
    /// has not been announced, so other services must fetch the key set when they see a `kid` that they do not know. Verifiers
    /// elsewhere accept the old key for as long as they keep the set: five minutes.
    ///
    /// # Errors
    ///
    /// A [`KeyRingError`] when the store fails. On this server the key has ended all the same, and it ends on the others when the store
    /// answers again, unless this server stops before: call it again.
    pub async fn revoke_key(&self, kid: &str) -> Result<bool, KeyRingError> {
        self.keeper.revoke(kid).await
    }

    /// The id of the key that signs now.
    pub fn signing_kid(&self) -> String {
        self.keeper.kids().into_iter().next().unwrap_or_default()
    }

    /// The ids of all keys whose tokens are accepted now. The first is that of the key that signs.
    pub fn kids(&self) -> Vec<String> {
        self.keeper.kids()
    }

    /// The keys of this moment.
    pub(crate) fn keys(&self) -> Result<KeySet, KeyRingError> {
        self.keeper.keys()
    }

    /// Hands every change of the keys to `follower`. Its tokens may be valid for `grace` after they were signed.
    pub(crate) fn follow(
        &self,
        grace: Duration,
        follower: impl Fn(Option<KeySet>) -> bool + Send + Sync + 'static,
    ) {
        self.keeper.follow(grace, Box::new(follower));
        #[cfg(not(target_family = "wasm"))]
        Keeper::watch(&self.keeper);
    }

    /// Changes the keys in use if the time for that has come. It costs a look at the clock.
    pub(crate) fn keep_time(&self) {
        self.keeper.keep_time();
    }

    /// How long the published keys stay as they are at least, as far as keys leave.
    pub(crate) fn until_next_end(&self) -> Option<Duration> {
        self.keeper.until_next_end()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("kids", &self.kids()).finish_non_exhaustive()
    }
}
