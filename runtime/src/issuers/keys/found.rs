//! The result of a look-up.

use std::time::Duration;

use crate::token::{Key, KeyLife};

/// A key that verifies tokens of an issuer with one algorithm.
#[derive(Clone, Debug)]
pub(crate) struct VerifyingKey {
    pub(crate) key: Key,
    /// Ends when the issuer withdraws the key, when it is forgotten, and when it is too old.
    pub(crate) life: KeyLife,
}

/// What is known about the key that a token names.
#[derive(Debug)]
pub(crate) enum Found {
    Key(VerifyingKey),
    /// The issuer has no such key, as far as may be asked: 401.
    Unknown,
    /// There were no keys of the issuer yet: 503 with `Retry-After`.
    NoSetYet(Duration),
    /// No keys could be fetched for so long that the old ones are not believed any more: 503 with `Retry-After`.
    TooOld(Duration),
    /// The known keys are good, this one is not among them, and the issuer cannot be asked for it now: 503 with `Retry-After`. A 401
    /// would make clients throw away tokens of a new key.
    Unreachable(Duration),
}

impl Found {
    /// After how long to ask again, for the header `Retry-After`; `None` if that would change nothing.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Key(_) | Self::Unknown => None,
            Self::NoSetYet(after) | Self::TooOld(after) | Self::Unreachable(after) => Some(*after),
        }
    }
}
