//! The keys of an issuer, as far as they are at hand.

use std::sync::Arc;

use super::fetch::AnyFetch;
use crate::clock::Clock;
use crate::token::{Algorithm, Key, KeyLife, KeySet};

pub(super) struct IssuerKeys {
    keys: Vec<Key>,
    is_fetched: bool,
    life: KeyLife,
}

pub(super) struct FoundKey {
    pub(super) key: Key,
    pub(super) life: KeyLife,
}

pub(super) enum Found {
    Key(FoundKey),
    Unknown,
    NoSetYet,
}

impl IssuerKeys {
    pub(super) fn at_hand(_name: &str, keys: KeySet) -> Self {
        Self { keys: keys.keys().to_vec(), is_fetched: true, life: KeyLife::forever() }
    }

    pub(super) fn at(
        _name: &str,
        _address: &str,
        _algorithms: &[Algorithm],
        _fetch: Box<dyn AnyFetch>,
        _clock: Arc<dyn Clock>,
    ) -> Self {
        Self { keys: Vec::new(), is_fetched: false, life: KeyLife::forever() }
    }

    pub(super) fn discovered(
        name: &str,
        issuer: &str,
        algorithms: &[Algorithm],
        fetch: Box<dyn AnyFetch>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::at(name, issuer, algorithms, fetch, clock)
    }

    pub(super) fn start(&self) {}

    pub(super) fn forget(&self) {
        self.life.end();
    }

    pub(super) async fn find_or_fetch(&self, kid: Option<&str>, algorithm: Algorithm) -> Found {
        if !self.is_fetched {
            return Found::NoSetYet;
        }
        let fits = |key: &&Key| key.algorithm() == algorithm && kid.is_none_or(|kid| kid == key.kid());
        let mut fitting = self.keys.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::Key(FoundKey { key: key.clone(), life: self.life.clone() }),
            _ => Found::Unknown,
        }
    }
}
