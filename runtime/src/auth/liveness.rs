//! The requests for which the session of an access token is looked up.

use std::time::Duration;

use super::ConfigError;

const LONGEST_AGE: Duration = Duration::from_secs(60);

/// The requests for which the store is asked whether the session of an access token has ended.
///
/// An access token is verified by its signature and its times, without the store. So the access tokens of an ended session pass until
/// they expire, after at most [`access_ttl`](crate::AuthBuilder::access_ttl), 15 minutes by default. A look-up refuses them at once: if
/// the session has ended, if it is not that of the token's user, and if the user's access tokens
/// [were expired](crate::Auth::expire_access_tokens). A store that does not answer is a 503.
///
/// ```
/// # use countersign::{AuthBuilder, Liveness, SessionClaims};
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
/// # fn configure(builder: AuthBuilder<User>) -> AuthBuilder<User> {
/// builder.liveness(Liveness::Always)
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Liveness {
    /// Those whose handler demands a live session.
    #[default]
    OnDemand,
    /// All that present an access token of this server, except on public routes. The tokens of trusted issuers have no session here.
    Always,
}

/// The settings of the cache of look-ups.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheSettings {
    pub(super) max_age: Duration,
    pub(super) capacity: usize,
}

impl CacheSettings {
    pub(super) fn check(self) -> Result<Self, ConfigError> {
        if self.max_age.as_secs() == 0 || self.max_age > LONGEST_AGE || self.capacity == 0 {
            return Err(ConfigError::LiveCache);
        }
        Ok(self)
    }
}
