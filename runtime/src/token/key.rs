//! A key with its one algorithm.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, crypto};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::derive::Subkey;
use super::key_file::{Half, check_der, der_of_pem};
use super::pasted::other_than_a_secret;
use super::prepared::PreparedSecret;
use super::provider::{ensure_provider, without_panic};
use super::public_key::{check_point, check_public};
use super::weak_secret::check_secret;
use super::{Algorithm, KeyError, TokenError};

const LONGEST_KID: usize = 128;

/// A key that verifies tokens, and may sign them, with exactly one algorithm.
///
/// Clones share the key material, which is erased when the last is dropped. `Debug` shows only the id and the algorithm, and a
/// key cannot be serialised.
///
/// ```
/// use countersign::token::{Algorithm, Key};
///
/// let key = Key::generate_secret(Algorithm::Hs256)?.with_kid("2026-11")?;
/// assert!(key.can_sign());
/// assert_eq!(format!("{key:?}"), r#"Key { kid: "2026-11", algorithm: Hs256, .. }"#);
///
/// // A secret from documentation is published, and therefore refused.
/// assert!(Key::from_secret(Algorithm::Hs256, "countersign-documentation-example-secret").is_err());
/// # Ok::<(), countersign::token::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    kid: Arc<str>,
    material: Arc<Material>,
}

#[derive(Clone)]
struct Material {
    algorithm: Algorithm,
    /// The RFC 7638 thumbprint of a public key, or a derived, irreversible name of a secret.
    thumbprint: String,
    /// The name of the key that HMAC makes of a secret. Several secrets may give the same key.
    hmac_name: Option<String>,
    signing: Option<EncodingKey>,
    verifying: DecodingKey,
    prepared: Option<PreparedSecret>,
    signature_chars: usize,
}

impl Key {
    /// Takes a secret that signs and verifies with HS256, HS384 or HS512.
    ///
    /// Refuses other algorithms and a secret shorter than the hash (RFC 7518 section 3.2); text whose form shows that it holds fewer
    /// random bits than the hash: UUIDs, numbers, and hexadecimal text of fewer than 64 digits (96 for HS384, 128 for HS512); one of 1,830
    /// published secrets, in any of their encodings; a placeholder or a pattern; and what is no secret at all, such as a PEM file or a
    /// path. A secret that passes need not be good: two UUIDs in a row without dashes and a long sentence pass. Make it at random, for example with
    /// `openssl rand -base64 48`.
    pub fn from_secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = secret.as_ref();
        let needed = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
        };
        let actual = length_of(secret);
        if let Some(found) = other_than_a_secret(secret) {
            return Err(KeyError::NotASecret(found));
        }
        if actual < needed {
            return Err(KeyError::SecretTooShort { algorithm, needed, actual });
        }
        check_secret(algorithm, needed, without_trailing_zeros(secret))?;
        ensure_provider()?;
        Ok(Self::from_material(Material {
            algorithm,
            thumbprint: secret_name(secret),
            hmac_name: Some(secret_name(&hmac_key(algorithm, secret))),
            signing: Some(EncodingKey::from_secret(secret)),
            verifying: DecodingKey::from_secret(secret),
            prepared: PreparedSecret::new(algorithm, secret),
            signature_chars: base64_chars(needed),
        }))
    }

    /// Takes 32 bytes that a keyed function has made, and which need no check.
    pub(super) fn derived(secret: &[u8; 32]) -> Result<Self, KeyError> {
        ensure_provider()?;
        let algorithm = Algorithm::Hs256;
        Ok(Self::from_material(Material {
            algorithm,
            thumbprint: secret_name(secret),
            hmac_name: Some(secret_name(secret)),
            signing: Some(EncodingKey::from_secret(secret)),
            verifying: DecodingKey::from_secret(secret),
            prepared: PreparedSecret::new(algorithm, secret),
            signature_chars: base64_chars(secret.len()),
        }))
    }

    /// Makes a random secret for HS256, HS384 or HS512. It exists only in this process: its tokens are refused after a restart
    /// and by other instances.
    pub fn generate_secret(algorithm: Algorithm) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 64]);
        getrandom::fill(secret.as_mut()).map_err(|_| KeyError::Random)?;
        Self::from_secret(algorithm, secret.as_slice())
    }

    /// Takes a private key as PKCS#8 PEM (`BEGIN PRIVATE KEY`), which signs and, with its public part, verifies.
    ///
    /// The text is one PEM block. Blanks around it do not count, and its lines may end with LF, CRLF, the two characters `\n`, or
    /// not at all.
    ///
    /// Refuses HMAC algorithms, a key that does not verify its own signature, and every public part that
    /// [`Key::from_public_pem`] refuses. Each mistake has a [`KeyError`] that names it: a password, the public half, another
    /// curve, a certificate, an OpenSSH key, a byte order mark.
    pub fn from_private_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        no_secret(algorithm)?;
        Self::from_private(algorithm, &der_of_pem(algorithm, Half::Private, pem.as_ref())?)
    }

    /// Takes a private key as PKCS#8 DER; see [`Key::from_private_pem`].
    pub fn from_private_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        no_secret(algorithm)?;
        check_der(algorithm, Half::Private, der.as_ref())?;
        Self::from_private(algorithm, der.as_ref())
    }

    fn from_private(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let read = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_pem,
            Algorithm::EdDsa => EncodingKey::from_ed_pem,
            _ => EncodingKey::from_rsa_pem,
        };
        ensure_provider()?;
        let unreadable = |_| KeyError::Unreadable(algorithm);
        let signing = read(pem(Half::Private, der).as_bytes()).map_err(unreadable)?;
        let public =
            without_panic(|| Jwk::from_encoding_key(&signing, algorithm.jws()))?.map_err(unreadable)?;
        let verifying = DecodingKey::from_jwk(&public).map_err(unreadable)?;
        let key = Self::from_public(algorithm, verifying, Some(signing))?;
        key.check_round_trip()?;
        Ok(key)
    }

    /// Takes a public key as SubjectPublicKeyInfo PEM (`BEGIN PUBLIC KEY`), which only verifies.
    ///
    /// Reads text and refuses it as [`Key::from_private_pem`] does. Refuses HMAC algorithms, a key of another type or curve, points off
    /// the curve, points of small order (with which anyone can forge signatures), RSA under 2048 or over 8192 bits or with an even
    /// modulus, and exponents that are 1, even or over 33 bits.
    pub fn from_public_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        no_secret(algorithm)?;
        Self::from_public_der_checked(algorithm, &der_of_pem(algorithm, Half::Public, pem.as_ref())?)
    }

    /// Takes a public key as SubjectPublicKeyInfo DER; see [`Key::from_public_pem`].
    pub fn from_public_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        no_secret(algorithm)?;
        check_der(algorithm, Half::Public, der.as_ref())?;
        Self::from_public_der_checked(algorithm, der.as_ref())
    }

    fn from_public_der_checked(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let read = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => DecodingKey::from_ec_pem,
            Algorithm::EdDsa => DecodingKey::from_ed_pem,
            _ => DecodingKey::from_rsa_pem,
        };
        let verifying =
            read(pem(Half::Public, der).as_bytes()).map_err(|_| KeyError::Unreadable(algorithm))?;
        Self::from_public(algorithm, verifying, None)
    }

    /// Takes a JWK (RFC 7517): a public key, which only verifies, or a secret (`kty` `oct`).
    ///
    /// The algorithm is `alg`, or follows from the curve. Refuses a `use` other than `sig`, `key_ops` without `verify`, an
    /// `alg` that disagrees with `kty` or `crv`, coordinates of the wrong length or off the curve, private keys, and every key
    /// that the other constructors refuse. The key id is `kid`, or the thumbprint if there is none.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        super::jwk::read_key(json, None)
    }

    /// As [`Key::from_jwk`], for a JWK that may leave out `alg` (RFC 7517 section 4.4), as many RSA keys do: it is then a key for
    /// `algorithm`. Refuses one whose `alg` or curve says another.
    pub fn from_jwk_with(json: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        super::jwk::read_key(json, Some(algorithm))
    }

    /// Sets the key id. Without it, the id of a public key is its RFC 7638 thumbprint, and the id of a secret is a derived name
    /// that reveals nothing about it.
    ///
    /// Refuses an empty name, one over 128 bytes, and control characters.
    pub fn with_kid(self, kid: impl Into<String>) -> Result<Self, KeyError> {
        let kid = kid.into();
        if kid.is_empty() || kid.len() > LONGEST_KID || kid.chars().any(char::is_control) {
            return Err(KeyError::InvalidKid);
        }
        Ok(Self { kid: kid.into(), ..self })
    }

    /// The key id, the `kid` in the header of tokens.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm of this key.
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm
    }

    /// Whether this key can sign as well as verify.
    pub fn can_sign(&self) -> bool {
        self.material.signing.is_some()
    }

    fn from_material(material: Material) -> Self {
        Self { kid: material.thumbprint.as_str().into(), material: Arc::new(material) }
    }

    pub(super) fn from_public(
        algorithm: Algorithm,
        verifying: DecodingKey,
        signing: Option<EncodingKey>,
    ) -> Result<Self, KeyError> {
        ensure_provider()?;
        let jwk = without_panic(|| Jwk::from_decoding_key(&verifying, Some(algorithm.jws())))?
            .map_err(|_| KeyError::Unreadable(algorithm))?;
        let signature_len = check_public(algorithm, &jwk)?;
        check_point(algorithm, &verifying)?;
        let thumbprint = without_panic(|| jwk.thumbprint(ThumbprintHash::SHA256))?
            .map_err(|_| KeyError::Unreadable(algorithm))?;
        let signature_chars = base64_chars(signature_len);
        Ok(Self::from_material(Material {
            algorithm,
            thumbprint,
            hmac_name: None,
            signing,
            verifying,
            prepared: None,
            signature_chars,
        }))
    }

    fn check_round_trip(&self) -> Result<(), KeyError> {
        let algorithm = self.algorithm();
        let broken = |_| KeyError::DoesNotRoundTrip(algorithm);
        let signature = self.sign("countersign").map_err(broken)?;
        self.verify("countersign", &signature).map_err(broken)
    }

    /// The length of a signature in a token.
    pub(super) fn signature_chars(&self) -> usize {
        self.material.signature_chars
    }

    /// The members of the public half; `None` for a secret.
    pub(super) fn public_parameters(&self) -> Option<Jwk> {
        if self.algorithm().is_symmetric() {
            return None;
        }
        let (verifying, algorithm) = (&self.material.verifying, self.algorithm().jws());
        // It was read in the same way when the key was made.
        without_panic(|| Jwk::from_decoding_key(verifying, Some(algorithm))).ok()?.ok()
    }

    /// Keeps only the half that verifies.
    pub(super) fn without_signing(self) -> Self {
        let material = Material { signing: None, ..(*self.material).clone() };
        Self { kid: self.kid, material: Arc::new(material) }
    }

    /// Whether both are the same secret or public key, whatever their ids, or two secrets that give the same HMAC key.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        let (this, other) = (&self.material, &other.material);
        this.thumbprint == other.thumbprint || (this.hmac_name.is_some() && this.hmac_name == other.hmac_name)
    }

    pub(super) fn secret(&self) -> Option<&[u8]> {
        if !self.algorithm().is_symmetric() {
            return None;
        }
        self.material.verifying.try_get_as_bytes().ok()
    }

    /// Signs the first two segments of a token. Returns the third.
    pub(crate) fn sign(&self, message: &str) -> Result<String, TokenError> {
        let signing = self.material.signing.as_ref().ok_or(TokenError::CannotSign)?;
        crypto::sign(message.as_bytes(), signing, self.algorithm().jws()).map_err(|_| TokenError::BackEnd)
    }

    /// Verifies the third segment of a token against the first two.
    pub(super) fn verify(&self, message: &str, signature: &str) -> Result<(), TokenError> {
        if signature.len() != self.material.signature_chars {
            return Err(TokenError::Signature);
        }
        #[cfg(test)]
        super::tests::count_verification();
        let verified = match &self.material.prepared {
            Some(secret) => secret.verify(message, signature),
            None => {
                let algorithm = self.algorithm().jws();
                let verified =
                    crypto::verify(signature, message.as_bytes(), &self.material.verifying, algorithm);
                matches!(verified, Ok(true))
            }
        };
        if verified { Ok(()) } else { Err(TokenError::Signature) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

fn base64_chars(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

/// DER goes through PEM, because jsonwebtoken checks the type of a key only when it reads PEM. It passes DER to the back end as
/// it is.
fn pem(half: Half, der: &[u8]) -> Zeroizing<String> {
    let label = half.label();
    let base64 = Zeroizing::new(STANDARD.encode(der));
    Zeroizing::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", *base64))
}

fn no_secret(algorithm: Algorithm) -> Result<(), KeyError> {
    if algorithm.is_symmetric() { Err(KeyError::AlgorithmOfOtherKind(algorithm)) } else { Ok(()) }
}

/// The length of a secret. Blanks around text do not count: they add nothing that could not be guessed.
fn length_of(secret: &[u8]) -> usize {
    if secret.is_ascii() { secret.trim_ascii().len() } else { secret.len() }
}

fn secret_name(secret: &[u8]) -> String {
    Subkey::of(without_trailing_zeros(secret), "key id").name()
}

/// The key that HMAC computes with: a secret that is longer than a block of the hash is hashed (RFC 2104 section 2). A shorter
/// one is padded with zeros, so that zeros at its end do not matter.
fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(match algorithm {
        Algorithm::Hs256 if secret.len() > 64 => Sha256::digest(secret).to_vec(),
        Algorithm::Hs384 if secret.len() > 128 => Sha384::digest(secret).to_vec(),
        Algorithm::Hs512 if secret.len() > 128 => Sha512::digest(secret).to_vec(),
        _ => secret.to_vec(),
    })
}

fn without_trailing_zeros(secret: &[u8]) -> &[u8] {
    let zeros = secret.iter().rev().take_while(|byte| **byte == 0).count();
    &secret[..secret.len() - zeros]
}
