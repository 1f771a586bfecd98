//! The set of keys that an issuer publishes (RFC 7517 section 5), read leniently: a bad key is that key's loss alone.

use std::fmt;

use super::failure::{Cut, Failure};
use crate::log::{OneLine, TARGET};
use crate::token::{Algorithm, Key, KeyError, read_members};

/// The most keys of a set. A set with more is refused as a whole: which of them the issuer signs with cannot be told, and the keys
/// that are known stay in use.
pub(super) const MOST_KEYS: usize = 64;

/// The keys of a set that can be used.
pub(crate) struct PublishedSet {
    pub(super) keys: Vec<PublishedKey>,
    pub(super) left_out: Vec<LeftOut>,
}

/// A key, once for each algorithm that it is for.
pub(super) struct PublishedKey {
    /// `None` for a key without one. The id of a [`Key`] is never missing, since it has its thumbprint then.
    pub(super) kid: Option<String>,
    pub(super) keys: Vec<Key>,
}

/// A member of the set that is not used.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    kid: Option<String>,
    fault: Fault,
}

#[derive(Clone, PartialEq, Eq)]
enum Fault {
    Key(KeyError),
    RepeatedKid,
}

impl PublishedSet {
    /// Reads a set. `algorithms` are those that the application accepts of this issuer.
    pub(crate) fn read(json: &[u8], algorithms: &[Algorithm]) -> Result<Self, Failure> {
        let json = str::from_utf8(json).map_err(|_| Failure::NotText)?;
        let members = read_members(json).map_err(Failure::Set)?;
        if members.len() > MOST_KEYS {
            return Err(Failure::TooManyKeys(members.len()));
        }
        let mut set = Self { keys: Vec::new(), left_out: Vec::new() };
        for member in members {
            let kid = member.kid().map(str::to_owned);
            match member.public_keys(algorithms) {
                Ok(keys) => set.keys.push(PublishedKey { kid, keys }),
                Err(error) => set.left_out.push(LeftOut { kid, fault: Fault::Key(error) }),
            }
        }
        set.leave_out_repeated();
        Ok(set)
    }

    /// The keys that the application has at hand.
    pub(crate) fn of_keys(keys: impl IntoIterator<Item = Key>) -> Self {
        let published = |key: Key| PublishedKey { kid: Some(key.kid().to_owned()), keys: vec![key] };
        let mut set = Self { keys: keys.into_iter().map(published).collect(), left_out: Vec::new() };
        set.leave_out_repeated();
        set
    }

    /// Leaves out all keys of an id that several keys have for one algorithm: which one a token means cannot be told, and trying all
    /// would let each of them vouch for the others' tokens. RFC 7517 section 4.5 allows one id for keys of different types that are
    /// equivalent; the algorithm tells those apart. One key that is listed twice stays.
    fn leave_out_repeated(&mut self) {
        let mut one_each: Vec<PublishedKey> = Vec::new();
        for key in self.keys.drain(..) {
            if !one_each.iter().any(|other| other.is_same_as(&key)) {
                one_each.push(key);
            }
        }
        let is_clear: Vec<_> = one_each
            .iter()
            .map(|key| one_each.iter().filter(|other| key.clashes_with(other)).count() == 1)
            .collect();
        for (key, is_clear) in one_each.into_iter().zip(is_clear) {
            if is_clear {
                self.keys.push(key);
            } else {
                self.left_out.push(LeftOut { kid: key.kid, fault: Fault::RepeatedKid });
            }
        }
    }
}

impl PublishedKey {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.keys.iter().any(|key| key.algorithm() == algorithm)
    }

    fn is_same_as(&self, other: &Self) -> bool {
        let are_same =
            |(one, other): (&Key, &Key)| one.algorithm() == other.algorithm() && one.is_same_key(other);
        self.kid == other.kid
            && self.keys.len() == other.keys.len()
            && self.keys.iter().zip(&other.keys).all(are_same)
    }

    /// Whether one id and one algorithm would mean both. A key clashes with itself, unless it has no id.
    fn clashes_with(&self, other: &Self) -> bool {
        match (&self.kid, &other.kid) {
            (Some(kid), Some(other_kid)) => {
                kid == other_kid && self.keys.iter().any(|key| other.is_for(key.algorithm()))
            }
            // Keys without an id are found by their algorithm, and only if there is no other.
            _ => std::ptr::eq(self, other),
        }
    }
}

impl LeftOut {
    pub(super) fn log(&self, issuer: &str) {
        let (kid, error) = (OneLine(self.kid.as_deref().map(Cut)), OneLine(self));
        match &self.fault {
            // Sets have keys for other purposes, and of algorithms that are newer than this crate.
            Fault::Key(KeyError::JwkPurpose | KeyError::UnknownAlgorithm(_) | KeyError::JwkUnwanted(_)) => {
                tracing::debug!(target: TARGET, issuer, %kid, %error, "a key of the issuer is left out");
            }
            _ => tracing::warn!(target: TARGET, issuer, %kid, %error, "a key of the issuer is left out"),
        }
    }
}

/// The form in which it is logged.
impl fmt::Debug for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Key(error) => fmt::Display::fmt(&Cut(&error.to_string()), f),
            Fault::RepeatedKid => f.write_str(
                "several keys have this id for one algorithm, and which one is meant cannot be told",
            ),
        }
    }
}
