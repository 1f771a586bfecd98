//! The keys that an `Auth` publishes.

use std::time::Duration;

use super::Auth;
use crate::claims::SessionClaims;
use crate::token::KeyRing;

/// How long a verifier may keep the published keys. A key has to be published for longer than that before it signs.
pub(crate) const PUBLISHED_FOR: Duration = Duration::from_secs(5 * 60);

/// The public keys of access tokens as a JWK set, and how long it may be kept.
pub(crate) struct PublishedKeys {
    pub(crate) json: String,
    pub(crate) max_age: Duration,
}

impl<C: SessionClaims> Auth<C> {
    pub(crate) fn published_keys(&self) -> PublishedKeys {
        self.keep_key_time();
        // A copy of the set then loses a key when this server does.
        let until_next_end = self.inner.key_ring.as_ref().and_then(KeyRing::until_next_end);
        let max_age = until_next_end.map_or(PUBLISHED_FOR, |end| end.min(PUBLISHED_FOR));
        PublishedKeys { json: self.inner.access_tokens.jwks(), max_age }
    }

    /// Whether access tokens are signed with keys that have a public half.
    pub(crate) fn has_public_keys(&self) -> bool {
        self.inner.access_tokens.has_public_keys()
    }

    /// The `iss` of every token.
    pub(crate) fn issuer(&self) -> &str {
        self.inner.access_tokens.issuer()
    }
}
