//! Encryption of private keys at rest: AES-256-GCM with random nonces, from the back end of the crate's features.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

#[cfg(feature = "aws-lc-rs")]
use aws::Cipher;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
use none::Cipher;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
use rust::Cipher;

use crate::token::derive::Subkey;
use crate::token::{Algorithm, Key, KeyError};

const NONCE_LEN: usize = 12;

/// What was decrypted.
pub(super) struct Opened {
    pub(super) plain: Zeroizing<Vec<u8>>,
    /// Whether one of the secrets before the first has encrypted it.
    pub(super) is_under_old_secret: bool,
}

/// Encrypts with the first key, and decrypts with each.
pub(super) struct Vault {
    ciphers: Vec<Cipher>,
}

impl Vault {
    /// Takes a secret for encryption and the ones before it, and refuses what [`Key::from_secret`] refuses for HS256.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, KeyError> {
        let cipher = |secret: &'a [u8]| {
            Key::from_secret(Algorithm::Hs256, secret)?;
            let key = Zeroizing::new(Subkey::of(secret, "key ring").bytes(&["key"]));
            Cipher::new(&key)
        };
        Ok(Self { ciphers: secrets.into_iter().map(cipher).collect::<Result<_, _>>()? })
    }

    /// Encrypts, and binds the result to `context`. Returns base64url of nonce, text and tag.
    pub(super) fn seal(&self, context: &str, plain: &[u8]) -> Result<String, KeyError> {
        let cipher = self.ciphers.first().ok_or(KeyError::EmptySet)?;
        Ok(URL_SAFE_NO_PAD.encode(cipher.seal(context.as_bytes(), plain)?))
    }

    /// Decrypts what was encrypted for this context under one of the secrets.
    pub(super) fn open(&self, context: &str, sealed: &str) -> Option<Opened> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        self.ciphers.iter().enumerate().find_map(|(place, cipher)| {
            let plain = cipher.open(context.as_bytes(), nonce, text)?;
            Some(Opened { plain, is_under_old_secret: place > 0 })
        })
    }
}

#[cfg(feature = "aws-lc-rs")]
mod aws {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
    use zeroize::Zeroizing;

    use super::NONCE_LEN;
    use crate::token::KeyError;

    pub(super) struct Cipher(RandomizedNonceKey);

    impl Cipher {
        pub(super) fn new(key: &[u8; 32]) -> Result<Self, KeyError> {
            RandomizedNonceKey::new(&AES_256_GCM, key).map(Self).map_err(|_| KeyError::NoProvider)
        }

        pub(super) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
            // Encrypted in place. The buffer has room for the tag, so that no copy of the text stays behind in a smaller one.
            let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
            text.extend_from_slice(plain);
            let nonce = self.0.seal_in_place_append_tag(Aad::from(context), &mut *text);
            let nonce = nonce.map_err(|_| KeyError::Random)?;
            Ok([&nonce.as_ref()[..], &text[..]].concat())
        }

        pub(super) fn open(
            &self,
            context: &[u8],
            nonce: &[u8; NONCE_LEN],
            text: &[u8],
        ) -> Option<Zeroizing<Vec<u8>>> {
            let mut text = Zeroizing::new(text.to_vec());
            let plain =
                self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut text);
            let len = plain.ok()?.len();
            text.truncate(len);
            Some(text)
        }
    }
}

#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust {
    use aes_gcm::aead::{Aead as _, Payload};
    use aes_gcm::{Aes256Gcm, KeyInit as _};
    use zeroize::Zeroizing;

    use super::NONCE_LEN;
    use crate::token::KeyError;

    pub(super) struct Cipher(Aes256Gcm);

    impl Cipher {
        pub(super) fn new(key: &[u8; 32]) -> Result<Self, KeyError> {
            Ok(Self(Aes256Gcm::new(key.into())))
        }

        pub(super) fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeyError> {
            let mut nonce = [0; NONCE_LEN];
            getrandom::fill(&mut nonce).map_err(|_| KeyError::Random)?;
            let payload = Payload { msg: plain, aad: context };
            let text = self.0.encrypt(&nonce.into(), payload).map_err(|_| KeyError::NoProvider)?;
            Ok([&nonce[..], &text].concat())
        }

        pub(super) fn open(
            &self,
            context: &[u8],
            nonce: &[u8; NONCE_LEN],
            text: &[u8],
        ) -> Option<Zeroizing<Vec<u8>>> {
            let payload = Payload { msg: text, aad: context };
            self.0.decrypt(nonce.into(), payload).ok().map(Zeroizing::new)
        }
    }
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod none {
    use zeroize::Zeroizing;

    use super::NONCE_LEN;
    use crate::token::KeyError;

    /// Has no values.
    pub(super) enum Cipher {}

    impl Cipher {
        pub(super) fn new(_key: &[u8; 32]) -> Result<Self, KeyError> {
            Err(KeyError::NoProvider)
        }

        pub(super) fn seal(&self, _context: &[u8], _plain: &[u8]) -> Result<Vec<u8>, KeyError> {
            match *self {}
        }

        pub(super) fn open(
            &self,
            _context: &[u8],
            _nonce: &[u8; NONCE_LEN],
            _text: &[u8],
        ) -> Option<Zeroizing<Vec<u8>>> {
            match *self {}
        }
    }
}
