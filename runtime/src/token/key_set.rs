//! The keys with which a server signs and verifies.

use super::{Algorithm, Key, KeyError};

/// An ordered set of keys: the first signs, and the tokens of all are accepted.
///
/// To rotate, put the new key first and keep accepting the old one until the last token it signed has expired. A set refuses two
/// keys with one id, one key twice, and secrets beside public keys (the precondition of key-confusion attacks).
///
/// ```
/// use countersign::token::{Algorithm, Key, KeySet};
///
/// let old = Key::generate_secret(Algorithm::Hs256)?;
/// let new = Key::generate_secret(Algorithm::Hs256)?;
/// let keys = KeySet::new(new)?.accept(old)?;
/// # Ok::<(), countersign::token::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// Starts with the key that signs. Refuses one that only verifies.
    pub fn new(signing: Key) -> Result<Self, KeyError> {
        if signing.can_sign() { Ok(Self { keys: vec![signing] }) } else { Err(KeyError::CannotSign) }
    }

    /// Adds a key whose tokens are accepted. It never signs.
    pub fn accept(mut self, key: Key) -> Result<Self, KeyError> {
        if self.keys.iter().any(|known| known.kid() == key.kid()) {
            return Err(KeyError::DuplicateKid(key.kid().to_owned()));
        }
        if self.keys.iter().any(|known| known.is_same_key(&key)) {
            return Err(KeyError::DuplicateKey);
        }
        if self.keys.iter().any(|known| known.algorithm().is_symmetric() != key.algorithm().is_symmetric()) {
            return Err(KeyError::MixedKinds);
        }
        self.keys.push(key);
        Ok(self)
    }

    /// Takes keys whose tokens are accepted, for a server that makes no tokens.
    pub fn verify_only(keys: impl IntoIterator<Item = Key>) -> Result<Self, KeyError> {
        let empty = Self { keys: Vec::new() };
        let set = keys.into_iter().try_fold(empty, |set, key| set.accept(key.without_signing()))?;
        if set.keys.is_empty() { Err(KeyError::EmptySet) } else { Ok(set) }
    }

    /// Takes a JWK set (RFC 7517 section 5) whose keys are accepted and do not sign.
    ///
    /// Leaves out every key that [`Key::from_jwk`] refuses, such as one for encryption or one without `kty`: the log has its `kid` and the
    /// cause. Refuses the set if no key is left, if two keys have one id, and if it has secrets beside public keys.
    pub fn from_jwks(json: &str) -> Result<Self, KeyError> {
        Self::verify_only(super::jwk::read_set(json, &[])?)
    }

    /// As [`KeySet::from_jwks`], for these algorithms alone. A key that leaves out `alg`, as many RSA keys do, is taken for the first of
    /// them that fits its type.
    pub fn from_jwks_with(json: &str, algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        Self::verify_only(super::jwk::read_set(json, algorithms)?)
    }

    /// Whether this set can sign tokens as well as verify them.
    pub fn can_sign(&self) -> bool {
        self.keys.first().is_some_and(Key::can_sign)
    }

    pub(crate) fn has_key_material_of(&self, other: &Key) -> bool {
        self.keys.iter().any(|key| key.is_same_key(other))
    }

    /// Whether a key of one set is a key of the other.
    pub(crate) fn shares_a_key_with(&self, other: &Self) -> bool {
        other.keys.iter().any(|key| self.has_key_material_of(key))
    }

    /// Whether every key is one of a pair, and none a secret.
    pub(crate) fn is_public(&self) -> bool {
        !self.keys.iter().any(|key| key.algorithm().is_symmetric())
    }

    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub(super) fn into_keys(self) -> Vec<Key> {
        self.keys
    }
}
