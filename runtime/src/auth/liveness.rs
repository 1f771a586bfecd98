//! When the session of an access token is looked up.

use std::time::Duration;

use super::ConfigError;

const LONGEST_AGE: Duration = Duration::from_secs(60);

/// When the store is asked whether the session of an access token has ended.
///
/// An access token is checked by its signature and its times, without a look into the store. So a session that was ended lives on
/// in its access tokens for as long as [`access_ttl`](crate::AuthBuilder::access_ttl), 15 minutes by default. A look-up
/// refuses them at once: when the session has ended, when it is not the token's user's, and when the user's access tokens
/// [were expired](crate::Auth::expire_access_tokens). A store that does not answer is a 503, neither yes nor no.
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
    /// Where the handler demands it.
    #[default]
    OnDemand,
    /// At every request that presents an access token, but on public routes.
    Always,
}

/// How long look-ups are remembered, and how many of them.
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
