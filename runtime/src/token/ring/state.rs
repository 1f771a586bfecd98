//! What a process knows of its ring.

use std::collections::BTreeSet;
use std::time::Duration;

use super::document::Entry;
use super::generate::Fresh;
use super::life::{LONGEST_GRACE, Life, signing};
use super::{Follower, StoredKeys};
use crate::clock::Timestamp;
use crate::token::{KeyError, KeySet};

/// How often a server takes keys from an old secret to the first one. While secrets are exchanged, servers may have different first ones.
const ENCRYPTS_ANEW_EVERY: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct State {
    /// What the store had when it was last read, and what that means.
    pub(super) stored: Option<StoredKeys>,
    pub(super) decoded: Vec<Entry>,
    pub(super) is_under_old_secret: bool,
    /// When this server last wrote keys anew that were under an old secret.
    pub(super) encrypted_anew_at: Option<Timestamp>,
    /// The keys in use.
    pub(super) entries: Vec<Entry>,
    /// The keys that were revoked here. A store that falls back to an older state does not bring them back.
    pub(super) revoked: BTreeSet<String>,
    pub(super) spares: Vec<Fresh>,
    /// The longest time for which a follower accepts a retired key, once there is a follower.
    pub(super) grace: Option<Duration>,
    pub(super) followers: Vec<Follower>,
    /// The ids of the keys that the followers have.
    pub(super) handed_out: Vec<String>,
    #[cfg(not(target_family = "wasm"))]
    pub(super) is_watched: bool,
}

impl State {
    pub(super) fn grace(&self) -> Duration {
        self.grace.unwrap_or(LONGEST_GRACE)
    }

    pub(super) fn lives(&self) -> Vec<Life> {
        self.entries.iter().map(|entry| entry.life).collect()
    }

    /// The keys of this moment: the one that signs, and the others that are accepted.
    pub(super) fn keys(&self, now: Timestamp) -> Result<KeySet, KeyError> {
        let place = signing(&self.lives(), now).ok_or(KeyError::EmptySet)?;
        let others = self
            .entries
            .iter()
            .enumerate()
            .filter(|(other, entry)| *other != place && entry.life.is_accepted_at(now, self.grace()));
        let first = KeySet::new(self.entries[place].key.clone())?;
        others.map(|(_, entry)| entry.key.clone()).try_fold(first, KeySet::accept)
    }

    pub(super) fn has_to_encrypt_anew(&self, now: Timestamp) -> bool {
        let is_time = self.encrypted_anew_at.is_none_or(|last| now.since(last) >= ENCRYPTS_ANEW_EVERY);
        self.is_under_old_secret && is_time
    }

    pub(super) fn forget_stored_spares(&mut self) {
        self.spares.retain(|spare| self.decoded.iter().all(|entry| entry.kid() != spare.key.kid()));
    }
}
