//! The compact form of RFC 7515 section 7.1 around a payload: keys, headers and signatures.

use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::header::{self, Header};
use super::{Key, KeyLife, KeySet, TokenError};
use crate::base64url;

/// Seals and opens tokens of one type. Its keys can be replaced while it is in use.
#[derive(Debug)]
pub(super) struct Envelope {
    typ: &'static str,
    max_len: usize,
    keys: RwLock<Vec<PreparedKey>>,
}

/// A key, the first segment of the tokens it signs, and how long what it has verified counts.
#[derive(Debug)]
struct PreparedKey {
    header: String,
    key: Key,
    life: KeyLife,
}

impl Envelope {
    pub(super) fn new(typ: &'static str, max_len: usize, keys: KeySet) -> Self {
        Self { typ, max_len, keys: RwLock::new(prepare(typ, keys)) }
    }

    /// Replaces the keys, and ends the lives of those that are not among the new ones.
    pub(super) fn replace_keys(&self, keys: KeySet) {
        let mut prepared = prepare(self.typ, keys);
        let mut kept = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for before in kept.iter() {
            match prepared.iter_mut().find(|after| after.verifies_as(before)) {
                Some(after) => after.life = before.life.clone(),
                None => before.life.end(),
            }
        }
        *kept = prepared;
    }

    /// Signs a payload with the first key. Refuses a token that would be longer than the limit.
    pub(super) fn seal(&self, payload: &[u8]) -> Result<String, TokenError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let PreparedKey { header, key, .. } =
            keys.first().filter(|first| first.key.can_sign()).ok_or(TokenError::CannotSign)?;
        let mut token = header.clone();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = key.sign(&token)?;
        token.push('.');
        token.push_str(&signature);
        if token.len() > self.max_len { Err(TokenError::TooLong) } else { Ok(token) }
    }

    /// Verifies a token and returns its payload. All checks that need no cryptography come first. The payload is not parsed before
    /// its signature is verified.
    pub(super) fn open(&self, token: &[u8]) -> Result<String, TokenError> {
        self.open_with(token, |_, _| ()).map(|(payload, ())| payload)
    }

    /// As [`open`](Self::open), and returns the place of the key that verified.
    pub(super) fn open_with_key(&self, token: &[u8]) -> Result<(String, usize), TokenError> {
        self.open_with(token, |chosen, _| chosen.place)
    }

    /// As [`open`](Self::open), and returns the life of the key that verified; `None` if the token does not name the key. Such a token is
    /// accepted only while there is no other key, which the life of the key does not tell.
    pub(super) fn open_with_life(&self, token: &[u8]) -> Result<(String, Option<KeyLife>), TokenError> {
        self.open_with(token, |found, prepared| found.is_named.then(|| prepared.life.clone()))
    }

    fn open_with<T>(
        &self,
        token: &[u8],
        of_key: impl FnOnce(&Chosen, &PreparedKey) -> T,
    ) -> Result<(String, T), TokenError> {
        if token.len() > self.max_len {
            return Err(TokenError::TooLong);
        }
        let (message, header, payload, signature) = split(token)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let chosen = choose(&keys, self.typ, header)?;
        let prepared = &keys[chosen.place];
        let payload = base64url::decode(payload).ok_or(TokenError::Malformed)?;
        prepared.key.verify(message, signature)?;
        Ok((String::from_utf8(payload).map_err(|_| TokenError::Payload)?, of_key(&chosen, prepared)))
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|prepared| prepared.key.clone()).collect()
    }

    /// Whether one of the keys is the same secret or key pair as one of the others.
    pub(super) fn shares_a_key_with(&self, others: &KeySet) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|prepared| others.has_key_material_of(&prepared.key))
    }
}

impl PreparedKey {
    /// Whether both accept the same tokens. The header has the algorithm and the `kid`.
    fn verifies_as(&self, other: &Self) -> bool {
        self.header == other.header && self.key.is_same_key(&other.key)
    }
}

fn prepare(typ: &str, keys: KeySet) -> Vec<PreparedKey> {
    let prepared =
        |key: Key| PreparedKey { header: header::prepare(typ, &key), key, life: KeyLife::forever() };
    keys.into_keys().into_iter().map(prepared).collect()
}

/// Splits a token. Returns the first two segments together, which are the signed message, and then each of the three.
pub(super) fn split(token: &[u8]) -> Result<(&str, &str, &str, &str), TokenError> {
    let token = str::from_utf8(token).map_err(|_| TokenError::Malformed)?;
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    if header.is_empty() || payload.is_empty() || signature.is_empty() || payload.contains('.') {
        return Err(TokenError::Malformed);
    }
    Ok((message, header, payload, signature))
}

/// The key for a token.
#[derive(Clone, Copy)]
struct Chosen {
    place: usize,
    /// The token has its `kid`.
    is_named: bool,
}

/// Finds the key for a first segment.
///
/// Every token of this server carries the header that was prepared with its key, byte for byte. So the encoded text is compared
/// first, which skips the decoding and the JSON of nearly every request. Such a header would lead [`choose_by_reading`] to the
/// same key, because `kid`s are unique in a set; a property test holds the two together. A header is not secret, so the
/// comparison need not take constant time.
fn choose(keys: &[PreparedKey], typ: &str, header: &str) -> Result<Chosen, TokenError> {
    match keys.iter().position(|prepared| prepared.header == header) {
        Some(place) => Ok(Chosen { place, is_named: true }),
        None => choose_by_reading(keys, typ, header),
    }
}

fn choose_by_reading(keys: &[PreparedKey], typ: &str, header: &str) -> Result<Chosen, TokenError> {
    Header::read(header, typ, |header| {
        let found = match (&header.kid, keys) {
            (Some(kid), keys) => keys.iter().position(|prepared| prepared.key.kid() == kid),
            (None, [_]) => Some(0),
            (None, _) => None,
        };
        let place = found.ok_or(TokenError::UnknownKey)?;
        if header.alg.as_deref() == Some(keys[place].key.algorithm().name()) {
            Ok(Chosen { place, is_named: header.kid.is_some() })
        } else {
            Err(TokenError::Algorithm)
        }
    })
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod test_access {
    //! The two ways to a key, for the test that they agree.

    use super::{Envelope, TokenError, choose, choose_by_reading};

    impl Envelope {
        pub(in crate::token) fn chosen_kid(&self, header: &str) -> Result<String, TokenError> {
            let keys = self.keys.read().unwrap();
            choose(&keys, self.typ, header).map(|chosen| keys[chosen.place].key.kid().to_owned())
        }

        pub(in crate::token) fn kid_by_reading(&self, header: &str) -> Result<String, TokenError> {
            let keys = self.keys.read().unwrap();
            choose_by_reading(&keys, self.typ, header).map(|chosen| keys[chosen.place].key.kid().to_owned())
        }

        pub(in crate::token) fn panic_with_the_lock(&self) {
            let _keys = self.keys.write().unwrap();
            panic!("as another thread might");
        }

        pub(in crate::token) fn prepared_headers(&self) -> Vec<String> {
            self.keys.read().unwrap().iter().map(|prepared| prepared.header.clone()).collect()
        }
    }
}
