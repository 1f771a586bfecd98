//! An `Auth` whose keys a ring replaces.

use std::sync::Arc;

use super::Auth;
use crate::claims::SessionClaims;
use crate::token::KeySet;

impl<C: SessionClaims> Auth<C> {
    /// Takes the keys of the ring from now on, until this `Auth` is dropped.
    pub(super) fn follow_key_ring(&self) {
        let Some(ring) = &self.inner.key_ring else { return };
        let inner = Arc::downgrade(&self.inner);
        let grace = self.inner.access_ttl.saturating_add(self.leeway());
        let take = move |keys: Option<KeySet>| {
            let inner = inner.upgrade();
            if let (Some(inner), Some(keys)) = (&inner, keys) {
                inner.access_tokens.replace_keys(keys);
            }
            inner.is_some()
        };
        ring.follow(grace, take);
    }

    /// Before a token is signed: the key whose time is over signs no more, even if the task that watches the times is late.
    pub(super) fn keep_key_time(&self) {
        if let Some(ring) = &self.inner.key_ring {
            ring.keep_time();
        }
    }
}
