//! The keys that an `Auth` publishes.

use std::time::Duration;

use super::Auth;
use crate::claims::SessionClaims;

/// How long a verifier may keep the published keys. A key has to be published for longer than that before it signs.
pub(crate) const PUBLISHED_FOR: Duration = Duration::from_secs(5 * 60);

/// The public keys of access tokens as a JWK set, and how long it may be kept.
pub(crate) struct PublishedKeys {
    pub(crate) json: String,
    pub(crate) max_age: Duration,
}

impl<C: SessionClaims> Auth<C> {
    pub(crate) fn published_keys(&self) -> PublishedKeys {
        PublishedKeys { json: self.inner.access_tokens.jwks(), max_age: PUBLISHED_FOR }
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
