//! The document in the store: the keys with their times, the private ones encrypted.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::KeyRingError;
use super::generate::Fresh;
use super::life::Life;
use super::vault::{Opened, Vault};
use crate::clock::Timestamp;
use crate::token::{Algorithm, Key, KeyError};

/// A newer form has another number, and an older server refuses it.
const FORMAT: u32 = 1;

/// A key of the ring.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) life: Life,
    pub(super) key: Key,
    private: Zeroizing<Vec<u8>>,
}

/// What was read.
pub(super) struct Content {
    pub(super) entries: Vec<Entry>,
    /// Whether a key is encrypted under one of the secrets before the first.
    pub(super) is_under_old_secret: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    keys: Vec<StoredKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredKey {
    kid: String,
    alg: String,
    announced_at: Timestamp,
    signs_from: Timestamp,
    signs_until: Option<Timestamp>,
    /// PKCS#8, encrypted.
    private: String,
}

/// Only the number, which every form has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl StoredKey {
    fn life(&self) -> Life {
        Life { announced_at: self.announced_at, signs_from: self.signs_from, signs_until: self.signs_until }
    }
}

/// What the encryption binds a key to, so that no one who can write to the store gives it another name or other times.
fn context(kid: &str, algorithm: &str, life: &Life) -> String {
    let Life { announced_at, signs_from, signs_until } = life;
    let until = signs_until.map_or_else(|| "-".to_owned(), |until| until.unix().to_string());
    format!(
        "countersign key ring {FORMAT}\n{kid}\n{algorithm}\n{}\n{}\n{until}",
        announced_at.unix(),
        signs_from.unix()
    )
}

impl Entry {
    pub(super) fn new(Fresh { key, private }: Fresh, life: Life) -> Self {
        Self { life, key, private }
    }

    pub(super) fn kid(&self) -> &str {
        self.key.kid()
    }

    /// Whether both are the same key with the same times.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.life == other.life && self.kid() == other.kid()
    }
}

/// Encrypts every key anew.
pub(super) fn write(vault: &Vault, entries: &[Entry]) -> Result<Vec<u8>, KeyRingError> {
    let stored = |entry: &Entry| {
        let (kid, alg) = (entry.kid().to_owned(), entry.key.algorithm().name().to_owned());
        let private = vault.seal(&context(&kid, &alg, &entry.life), &entry.private)?;
        let Life { announced_at, signs_from, signs_until } = entry.life;
        Ok(StoredKey { kid, alg, announced_at, signs_from, signs_until, private })
    };
    let keys = entries.iter().map(stored).collect::<Result<_, KeyError>>().map_err(KeyRingError::Key)?;
    // Strings and numbers always serialise.
    Ok(serde_json::to_vec(&Document { format: FORMAT, keys }).unwrap_or_default())
}

/// Refuses a document that is not whole: a key that cannot be read may be the one that signs.
pub(super) fn read(vault: &Vault, document: &[u8]) -> Result<Content, KeyRingError> {
    let Format { format } = serde_json::from_slice(document).map_err(|_| KeyRingError::Damaged)?;
    if format != FORMAT {
        return Err(KeyRingError::OtherFormat);
    }
    let Document { keys, .. } = serde_json::from_slice(document).map_err(|_| KeyRingError::Damaged)?;
    let mut content = Content { entries: Vec::new(), is_under_old_secret: false };
    for stored in keys {
        let algorithm: Algorithm = stored.alg.parse().map_err(|_| KeyRingError::Damaged)?;
        let life = stored.life();
        let Opened { plain: private, is_under_old_secret } = vault
            .open(&context(&stored.kid, &stored.alg, &life), &stored.private)
            .ok_or(KeyRingError::OtherSecret)?;
        let key = Key::from_private_der(algorithm, &*private).map_err(KeyRingError::Key)?;
        if key.kid() != stored.kid || content.entries.iter().any(|entry| entry.kid() == stored.kid) {
            return Err(KeyRingError::Damaged);
        }
        content.entries.push(Entry { life, key, private });
        content.is_under_old_secret |= is_under_old_secret;
    }
    Ok(content)
}
