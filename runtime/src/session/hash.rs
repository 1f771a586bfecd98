//! The stored form of a refresh token.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The SHA-256 of a refresh token's `jti`: enough to recognise the token, useless for making one.
///
/// Two hashes are compared in constant time, and `Debug` shows neither of them.
///
/// ```
/// use countersign::session::TokenHash;
///
/// let hash = TokenHash::of(b"a token's identifier");
/// assert_eq!(hash, TokenHash::from_bytes(*hash.as_bytes()));
/// assert_ne!(hash, TokenHash::of(b"another"));
/// assert_eq!(format!("{hash:?}"), "TokenHash(..)");
/// ```
#[derive(Clone)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes a token's identifier.
    pub fn of(token_id: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(token_id).into())
    }

    /// Restores a hash from the bytes that [`as_bytes`](Self::as_bytes) gave to a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}
