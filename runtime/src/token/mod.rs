//! Keys, and the tokens they sign.
//!
//! A [`Key`] has one [`Algorithm`]; a [`KeySet`] says which key signs and which are still accepted; [`AccessTokens`] and
//! [`RefreshTokens`] make and verify tokens with them. Weak or contradictory keys are refused when they are made, and not when
//! the first token is.

mod access;
mod algorithm;
mod der;
mod derive;
mod envelope;
mod error;
mod header;
mod jwk;
mod key;
mod key_error;
mod key_file;
mod key_set;
mod life;
mod members;
mod pasted;
mod payload;
mod prepared;
mod presented;
mod provider;
mod public_jwk;
mod public_key;
mod published;
mod refresh;
mod ring;
mod sealed;
mod secret_bits;
mod settings;
mod signer;
mod weak_secret;

#[cfg(test)]
mod tests;

pub use access::{AccessStamp, AccessTokens, Verified};
pub use algorithm::Algorithm;
pub use derive::random_id;
pub use error::TokenError;
pub(crate) use jwk::read_members;
pub use key::Key;
pub use key_error::KeyError;
pub use key_set::KeySet;
pub(crate) use life::KeyLife;
pub(crate) use pasted::is_unexpanded;
pub(crate) use payload::Registered;
pub(crate) use presented::Presented;
pub use refresh::{RefreshStamp, RefreshTicket, RefreshTokens};
pub use ring::{KeyRing, KeyRingBuilder, KeyRingError, KeyStore, StoredKeys};
pub use sealed::{SealError, Sealer, UnsealError};
pub use settings::{SettingsError, TokenSettings};
pub use signer::Signer;
pub(crate) use signer::SignerOf;
#[cfg(test)]
pub(crate) use tests::verifications_of_this_thread;
