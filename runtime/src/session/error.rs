//! What can go wrong with a session.

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
    /// An old refresh token was presented, and the session was ended for it (RFC 9700 section 4.14.2).
    Reused(ReuseKind),
    /// A retry inside the window cannot be answered with the same successor, because another was derived for it; the session
    /// goes on.
    Unrepeatable,
    /// An old refresh token was presented, and the session could not be ended for it; the next presentation is detected again.
    NotEnded {
        /// Which old token it was.
        kind: ReuseKind,
        /// What the store says.
        cause: StoreError,
    },
    /// Others changed the session again and again, or expired its access tokens in the middle of a refresh; nothing was
    /// written.
    Contended,
    /// The system had no random numbers to give.
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
                "an old refresh token was used again, and the session could not be ended"
            }
            Self::Unrepeatable => "the refresh cannot be repeated",
            Self::Contended => "the session was changed by others meanwhile",
            Self::Randomness(_) => "the system has no random numbers to give",
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
