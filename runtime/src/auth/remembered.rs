//! Access tokens of trusted issuers that were verified before.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::session::Grant;
use crate::clock::Timestamp;
use crate::token::KeyLife;

/// Remembers good tokens by the hash of their whole text, up to a number. Each use is judged anew by time and by the life of the key; what a
/// rule demands is decided elsewhere.
pub(super) struct Remembered<C> {
    tokens: Cache<[u8; 32], Arc<Known<C>>>,
}

/// A token that was verified.
pub(super) struct Known<C> {
    pub(super) grant: Arc<Grant<C>>,
    pub(super) life: KeyLife,
    /// Until when the application's claims are used.
    pub(super) claims_until: Option<Timestamp>,
}

impl<C> Remembered<C> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { tokens: Cache::new(capacity) }
    }

    /// The grant of a token that is good at this time; `leeway_end` is the end of the times that count as now.
    pub(super) fn get(
        &self,
        token: &[u8],
        now: Timestamp,
        is_over: impl Fn(Timestamp) -> bool,
    ) -> Option<Arc<Grant<C>>> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let known = self.tokens.get(&hash)?;
        let is_good = !is_over(known.grant.expires_at)
            && known.life.is_usable(now)
            && known.claims_until.is_none_or(|until| now < until);
        if is_good {
            return Some(Arc::clone(&known.grant));
        }
        self.tokens.remove(&hash);
        None
    }

    pub(super) fn insert(&self, token: &[u8], known: Known<C>) {
        self.tokens.insert(Sha256::digest(token).into(), Arc::new(known));
    }
}

impl<C> fmt::Debug for Remembered<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}
