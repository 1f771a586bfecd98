//! Errors of key rings.

use std::error::Error;
use std::fmt;

use crate::session::store::StoreError;
use crate::token::{Algorithm, KeyError};

/// Why a key ring could not be opened or changed. Each message says what to do.
///
/// `Debug` writes the message too, because `fn main() -> Result<…>` prints errors with it.
#[non_exhaustive]
pub enum KeyRingError {
    /// The secret that encrypts private keys is weak.
    Secret(KeyError),
    /// No keys of this algorithm can be made: it is HMAC, or RSA without the feature `aws-lc-rs`.
    Algorithm(Algorithm),
    /// The time for which a key is announced is shorter than ten minutes or longer than 30 days.
    AnnounceFor,
    /// The time after which a key is replaced is shorter than twice the announcement, or longer than two years.
    RotateAfter,
    /// The store failed.
    Store(StoreError),
    /// The keys in the store were encrypted under another secret, or changed by someone else.
    OtherSecret,
    /// The document in the store was written by a newer version of this crate.
    OtherFormat,
    /// The document in the store is no document of a key ring.
    Damaged,
    /// Other servers changed the keys in every attempt.
    Contended,
    /// A key could not be made, read or encrypted.
    Key(KeyError),
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(error) => write!(f, "the secret that encrypts the keys of the ring: {error}"),
            Self::Algorithm(algorithm) => write!(
                f,
                "a key ring makes no keys for {algorithm}: choose ES256, ES384 or EdDSA, or with the feature `aws-lc-rs` RS256 or PS256"
            ),
            Self::AnnounceFor => {
                f.write_str("a key is announced for ten minutes to 30 days: change `announce_for`")
            }
            Self::RotateAfter => f.write_str(
                "a key signs for at least twice the time for which the next one is announced, and for two years at most: change `rotate_after`",
            ),
            Self::Store(_) => f.write_str(
                "the store of the keys does not answer: a server that runs goes on with the keys it has, and one that starts has to wait for it",
            ),
            Self::OtherSecret => f.write_str(
                "the keys in the store were encrypted under another secret, or changed: give the secret that they were encrypted under, if need \
                 be with `accept_secret`",
            ),
            Self::OtherFormat => {
                f.write_str("the keys in the store were written by a newer version of countersign: update this server")
            }
            Self::Damaged => f.write_str(
                "the document in the store is not that of a key ring: restore it, or stop all servers and remove it, or use another store; without it every access token ends",
            ),
            Self::Contended => f.write_str("other servers changed the keys at the same time: try again"),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        match self {
            Self::Store(error) => write!(f, " ({error:?})"),
            _ => Ok(()),
        }
    }
}

impl Error for KeyRingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Secret(error) | Self::Key(error) => Some(error),
            _ => None,
        }
    }
}
