//! The configuration of an `Auth` that only trusts issuers.

use super::{AuthBuilder, Problems};
use crate::access::is_challenge_text;
use crate::auth::{ConfigError, Liveness};
use crate::claims::SessionClaims;
use crate::store::MemoryStore;
use crate::token::{Algorithm, Key, KeySet};

impl<C: SessionClaims> AuthBuilder<C> {
    /// Whether it only trusts issuers, and nothing of a server with sessions was passed.
    pub(super) fn is_resource_server(&self) -> bool {
        let has_sessions = self.access_keys.is_some()
            || self.key_ring.is_some()
            || self.signer.is_some()
            || self.refresh_keys.is_some()
            || self.store.is_some()
            || self.source.is_some();
        !self.issuers.is_empty() && !has_sessions
    }

    /// Fills what a server with sessions has with random keys that sign nothing, so that the rest of this crate need not tell the two apart.
    pub(super) fn without_sessions(mut self, problems: &mut Problems) -> Result<Self, ConfigError> {
        let of_sessions = [
            (self.issuer.is_some(), "issuer"),
            (!self.audiences.is_empty(), "audience"),
            (self.client_id.is_some(), "client_id"),
            (self.cookies.is_some(), "cookies"),
            (self.liveness == Liveness::Always, "liveness"),
            (self.live_cache.is_some(), "live_cache"),
            (self.live_from_feed, "live_from_feed"),
            (self.max_sessions_per_user.is_some(), "max_sessions_per_user"),
        ];
        for (is_set, setting) in of_sessions {
            problems.refuse_if(is_set, ConfigError::NoSessions { setting });
        }
        let realm = self.issuers.first().map(|issuer| issuer.url().to_owned());
        self.realm = self.realm.or(realm.filter(|url| is_challenge_text(url)));
        self.cookies = None;
        self.issuer = Some("https://no-sessions.invalid".to_owned());
        self.audiences = vec!["https://no-sessions.invalid".to_owned()];
        self.access_keys = Some(KeySet::new(Key::generate_secret(Algorithm::Hs256)?));
        self.refresh_keys = Some(KeySet::new(Key::generate_secret(Algorithm::Hs256)?));
        Ok(self.store(MemoryStore::new()).claims_source(|_| async { Ok(None) }))
    }
}
