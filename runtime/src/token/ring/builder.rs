//! The settings of a key ring.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::keeper::Keeper;
use super::life::Schedule;
use super::store::ErasedKeyStore;
use super::vault::Vault;
use super::{KeyRing, KeyRingError, KeyStore};
use crate::clock::{Clock, SystemClock};
use crate::token::Algorithm;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Verifiers keep the published set for five minutes.
const ANNOUNCE_FOR: RangeInclusive<Duration> =
    Duration::from_secs(600)..=Duration::from_secs(30 * 24 * 60 * 60);
const LONGEST_USE: Duration = Duration::from_secs(732 * 24 * 60 * 60);

/// Configures a [`KeyRing`].
///
/// | setting | default |
/// |---|---|
/// | [`algorithm`](Self::algorithm) | ES256, which every verifier knows |
/// | [`rotate_after`](Self::rotate_after) | 90 days |
/// | [`announce_for`](Self::announce_for) | 24 hours |
#[must_use = "call `open`"]
pub struct KeyRingBuilder {
    store: Box<dyn ErasedKeyStore>,
    secrets: Vec<Zeroizing<Vec<u8>>>,
    algorithm: Algorithm,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
}

impl KeyRingBuilder {
    pub(super) fn new(store: impl KeyStore, secret: &[u8]) -> Self {
        Self {
            store: Box::new(store),
            secrets: vec![Zeroizing::new(secret.to_vec())],
            algorithm: Algorithm::Es256,
            schedule: Schedule { rotate_after: 90 * DAY, announce_for: 24 * HOUR },
            clock: Arc::new(SystemClock),
        }
    }

    /// The algorithm of new keys: ES256, ES384 or EdDSA, and with the feature `aws-lc-rs` RS256 or PS256, whose keys take some 100
    /// milliseconds to make. A ring whose keys are of another algorithm begins to replace them when it is opened.
    ///
    /// ES256 unless set. EdDSA is as small and faster to verify, and some verifiers do not know it yet, or only by its newer name `Ed25519`.
    /// RSA is known everywhere; its tokens are 256 bytes longer and slow to sign.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How long a key signs: 90 days unless set, at least twice the time of [`announce_for`](Self::announce_for).
    pub fn rotate_after(mut self, rotate_after: Duration) -> Self {
        self.schedule.rotate_after = rotate_after;
        self
    }

    /// How long a key is published before it signs: 24 hours unless set, from ten minutes to 30 days. It has to be longer than the time for
    /// which any verifier keeps the set, whatever the caching headers tell it.
    pub fn announce_for(mut self, announce_for: Duration) -> Self {
        self.schedule.announce_for = announce_for;
        self
    }

    /// Decrypts keys that were encrypted under another secret. The next look at the store encrypts them anew under the first secret, and
    /// servers that do not have that one cannot read the keys from then on: they go on with those they have, and do not see a key end.
    ///
    /// So exchange a secret in three steps, each on all servers: accept the new one beside the old one; make the new one the first and accept
    /// the old one; leave the old one out. If one of them has leaked, its reader may have decrypted the keys as well: end them with
    /// [`revoke_key`](KeyRing::revoke_key).
    pub fn accept_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secrets.push(Zeroizing::new(secret.as_ref().to_vec()));
        self
    }

    /// The clock; tests pass their own, the same as to the [`AuthBuilder`](crate::AuthBuilder::clock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Reads the keys from the store, and makes the first one if there is none.
    ///
    /// # Errors
    ///
    /// A [`KeyRingError`] for a weak secret and for times out of range, and when the store does not answer or has keys that cannot be
    /// decrypted.
    pub async fn open(self) -> Result<KeyRing, KeyRingError> {
        let Self { store, secrets, algorithm, schedule, clock } = self;
        let is_rsa = matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256);
        let is_curve = matches!(algorithm, Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa);
        let is_made_here = is_curve || is_rsa && cfg!(feature = "aws-lc-rs");
        if !is_made_here {
            return Err(KeyRingError::Algorithm(algorithm));
        }
        if !ANNOUNCE_FOR.contains(&schedule.announce_for) {
            return Err(KeyRingError::AnnounceFor);
        }
        if !(2 * schedule.announce_for..=LONGEST_USE).contains(&schedule.rotate_after) {
            return Err(KeyRingError::RotateAfter);
        }
        let vault =
            Vault::new(secrets.iter().map(|secret| secret.as_slice())).map_err(KeyRingError::Secret)?;
        let keeper = Keeper::new(store, vault, algorithm, schedule, clock);
        keeper.tick().await?;
        Ok(KeyRing { keeper: Arc::new(keeper) })
    }
}

impl fmt::Debug for KeyRingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRingBuilder")
            .field("algorithm", &self.algorithm)
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}
