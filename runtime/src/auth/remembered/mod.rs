//! Access tokens that were verified before.
//!
//! A token is found by a keyed hash of its whole text, so that no token is kept here. The hash is SipHash-1-3 with 128 bits, a pseudorandom
//! function whose key is drawn for each `Auth` and never leaves it. A token that nothing has verified passes only if its hash is that of a
//! remembered one, which without the key is a guess: one in 2^128 for each remembered token and each request.

mod sightings;
#[cfg(test)]
#[cfg(all(feature = "macros", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod tests;

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use siphasher::sip128::SipHasher13;

use self::sightings::{Mark, Sightings};
use super::session::Grant;
use crate::clock::Timestamp;

/// The room for one token of usual length, in bytes.
pub(super) const USUAL: usize = 1024;

/// What an entry takes beside the grant and what the grant points to: keys, counters, and its share of the table.
const OVERHEAD: usize = 224;

/// Remembers good tokens. Each use is judged anew by time and by the life of the key; what a rule demands is decided elsewhere.
pub(super) struct Remembered<C> {
    hasher: SipHasher13,
    tokens: Cache<Fingerprint, Arc<Grant<C>>, BySize, AlreadyHashed>,
    sightings: Sightings,
}

/// A token's hash and length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    hash: u128,
    len: usize,
}

/// A token that is looked for.
pub(super) enum Sighting {
    /// It may be remembered, and is to be once it is verified.
    Again(Fingerprint),
    /// It is not remembered, and not to be before its next time.
    First(Mark),
}

impl<C> Remembered<C> {
    /// Room for so many tokens of [`USUAL`] size. `None` if there is no randomness.
    pub(super) fn new(tokens: usize) -> Option<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).ok()?;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(tokens)
            .weight_capacity((tokens as u64).saturating_mul(USUAL as u64))
            .build()
            .ok()?;
        Some(Self {
            hasher: SipHasher13::new_with_key(&key),
            tokens: Cache::with_options(options, BySize, AlreadyHashed, DefaultLifecycle::default()),
            sightings: Sightings::new(tokens),
        })
    }

    pub(super) fn sighting(&self, token: &[u8]) -> Sighting {
        match Mark::of(token) {
            Some(mark) if !self.sightings.has(mark) => Sighting::First(mark),
            _ => Sighting::Again(Fingerprint { hash: self.hasher.hash(token).as_u128(), len: token.len() }),
        }
    }

    /// The grant of a token, if that would be good at this time too.
    ///
    /// `nbf` and `iat` have come when the token was verified, and the time of an `Auth` never goes back.
    pub(super) fn get(&self, token: &Sighting, now: Timestamp, leeway: Duration) -> Option<Arc<Grant<C>>> {
        let Sighting::Again(token) = token else { return None };
        let grant = self.tokens.get(token)?;
        if grant.is_good(now, leeway) {
            return Some(grant);
        }
        self.tokens.remove(token);
        None
    }

    /// Remembers the grant of a token that was verified, if it has a life.
    pub(super) fn insert(&self, token: Sighting, grant: &Arc<Grant<C>>) {
        match token {
            _ if grant.life.is_none() => {}
            Sighting::Again(token) => self.tokens.insert(token, Arc::clone(grant)),
            Sighting::First(mark) => self.sightings.add(mark),
        }
    }
}

impl<C> fmt::Debug for Remembered<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// Counts bytes. The texts of a grant are parts of its token, so the token's length is taken for theirs.
#[derive(Clone)]
struct BySize;

impl<C> Weighter<Fingerprint, Arc<Grant<C>>> for BySize {
    fn weight(&self, token: &Fingerprint, _: &Arc<Grant<C>>) -> u64 {
        (token.len + size_of::<Grant<C>>() + OVERHEAD) as u64
    }
}

/// The hash is one already, with a secret key.
#[derive(Clone, Copy)]
struct AlreadyHashed;

struct TheHash(u64);

impl BuildHasher for AlreadyHashed {
    type Hasher = TheHash;

    fn build_hasher(&self) -> TheHash {
        TheHash(0)
    }
}

impl Hash for Fingerprint {
    #[expect(clippy::cast_possible_truncation, reason = "any 64 bits of the hash do")]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash as u64);
    }
}

impl Hasher for TheHash {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
