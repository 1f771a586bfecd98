//! Errors of sessions.

use std::error::Error;
use std::fmt;

use super::ReuseKind;
use super::StoreError;

/// Why there is no session, or no new one.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// There is no such session, or no longer.
    Unknown,
    /// The session has reached its idle or its absolute limit.
    Expired,
    /// An old refresh token was presented, so the session was ended (RFC 9700 section 4.14.2).
    Reused(ReuseKind),
    /// A retry inside the window cannot be answered with the same successor, because a different one was derived for it. The
    /// session goes on.
    Unrepeatable,
    /// An old refresh token was presented, but the session could not be ended. The next presentation is detected again.
    NotEnded {
        /// Which old token it was.
        kind: ReuseKind,
        /// The failure of the store.
        cause: StoreError,
    },
    /// Concurrent requests changed the session in every attempt, or its access tokens were expired during a refresh. Nothing
    /// was written.
    Contended,
    /// The operating system gave no random bytes.
    Randomness(Box<dyn Error + Send + Sync>),
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "there is no such session",
            Self::Expired => "the session has expired",
            Self::Reused(_) => "an old refresh token was used again, and the session was ended",
            Self::NotEnded { .. } => {
                "an old refresh token was used again, but the session could not be ended"
            }
            Self::Unrepeatable => "the refresh cannot be repeated",
            Self::Contended => "the session was changed by concurrent requests",
            Self::Randomness(_) => "the operating system gave no random bytes",
            Self::Store(_) => "the session store is unavailable",
        })
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Randomness(cause) => Some(cause.as_ref()),
            Self::Store(cause) | Self::NotEnded { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(cause: StoreError) -> Self {
        Self::Store(cause)
    }
}
