//! An `Auth` whose keys a ring replaces, or whose tokens are signed elsewhere.

use std::sync::{Arc, PoisonError};

use super::{Auth, ConfigError};
use crate::claims::SessionClaims;
use crate::token::{Key, KeySet, Signer, SignerOf};

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

    /// Replaces the [signer](crate::AuthBuilder::signer) while the server runs, for a new key in the KMS. Tokens of `accepted` are accepted too:
    /// name the key from before, until its last token has expired.
    ///
    /// With several servers, or services that verify tokens, first name the *new* key as an accepted one beside the signer from before, for
    /// longer than five minutes.
    ///
    /// # Errors
    ///
    /// When there was no signer, or the keys make no set. The signer from before stays.
    pub fn replace_signer(
        &self,
        public: Key,
        signer: impl Signer,
        accepted: impl IntoIterator<Item = Key>,
    ) -> Result<(), ConfigError> {
        if !self.inner.has_signer {
            return Err(ConfigError::Signer);
        }
        let _replacing = self.inner.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<_> = accepted.into_iter().collect();
        let all = KeySet::verify_only([public.clone()].into_iter().chain(keys.iter().cloned()))?;
        if self.inner.refresh_tokens.shares_a_key_with(&all) {
            return Err(ConfigError::SameKey);
        }
        Ok(self.inner.access_tokens.sign_with(SignerOf::new(public, signer), keys)?)
    }

    /// Before a token is signed: the key whose time is over signs no more, even if the task that watches the times is late.
    pub(super) fn keep_key_time(&self) {
        if let Some(ring) = &self.inner.key_ring {
            ring.keep_time();
        }
    }
}
