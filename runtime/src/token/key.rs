//! One key with one algorithm.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, crypto};

use super::derive::Subkey;
use super::prepared::PreparedSecret;
use super::provider::{ensure_provider, without_panic};
use super::weak_secret::is_weak;
use super::{Algorithm, KeyError, TokenError};

const LEAST_RSA_BITS: usize = 2048;
const LONGEST_KID: usize = 128;

/// A key that verifies tokens, and may sign them, with exactly one algorithm.
///
/// Clones share the key material, which is erased when the last is dropped. `Debug` shows the id and the algorithm only,
/// and there is no way to serialise a key.
///
/// ```
/// use countersign::token::{Algorithm, Key};
///
/// let key = Key::generate_secret(Algorithm::Hs256)?.with_kid("2026-11")?;
/// assert!(key.can_sign());
/// assert_eq!(format!("{key:?}"), r#"Key { kid: "2026-11", algorithm: Hs256, .. }"#);
///
/// // What stands in documentation is nobody's secret.
/// assert!(Key::from_secret(Algorithm::Hs256, "countersign-documentation-example-secret").is_err());
/// # Ok::<(), countersign::token::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Key {
    kid: Arc<str>,
    material: Arc<Material>,
}

struct Material {
    algorithm: Algorithm,
    /// The RFC 7638 thumbprint of a public key; a derived, irreversible name of a secret.
    thumbprint: String,
    signing: Option<EncodingKey>,
    verifying: DecodingKey,
    prepared: Option<PreparedSecret>,
    signature_chars: usize,
}

impl Key {
    /// Takes a secret that signs and verifies with HS256, HS384 or HS512.
    ///
    /// Refuses other algorithms, a secret shorter than the hash (RFC 7518 section 3.2), and one that is a placeholder, has a
    /// pattern, or stands in a curated selection of published secrets. That selection is short: a secret that passes is
    /// not thereby good. Make it at random, for example with `openssl rand -base64 64`.
    pub fn from_secret(algorithm: Algorithm, secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = secret.as_ref();
        let needed = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
        };
        if secret.len() < needed {
            return Err(KeyError::SecretTooShort { algorithm, needed, actual: secret.len() });
        }
        if is_weak(secret) {
            return Err(KeyError::WeakSecret);
        }
        ensure_provider()?;
        Ok(Self::from_material(Material {
            algorithm,
            thumbprint: Subkey::of(secret, "key id").name(),
            signing: Some(EncodingKey::from_secret(secret)),
            verifying: DecodingKey::from_secret(secret),
            prepared: PreparedSecret::new(algorithm, secret),
            signature_chars: base64_chars(needed),
        }))
    }

    /// Makes a random secret for HS256, HS384 or HS512. It lives as long as the process: every token dies with it, and other
    /// instances do not accept them.
    pub fn generate_secret(algorithm: Algorithm) -> Result<Self, KeyError> {
        let mut secret = zeroize::Zeroizing::new([0; 64]);
        getrandom::fill(secret.as_mut()).map_err(|_| KeyError::Random)?;
        Self::from_secret(algorithm, secret.as_slice())
    }

    /// Takes a private key as PKCS#8 PEM (`BEGIN PRIVATE KEY`), which signs and, through its public part, verifies.
    ///
    /// Refuses HMAC algorithms, a key of another type or curve, RSA under 2048 bits or with an exponent of 1 or an even one,
    /// and a key that does not verify its own signature.
    pub fn from_private_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let read = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_pem,
            Algorithm::EdDsa => EncodingKey::from_ed_pem,
            Algorithm::Rs256 | Algorithm::Ps256 => EncodingKey::from_rsa_pem,
            _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
        };
        ensure_provider()?;
        let pem = pem.as_ref();
        if !is_pem_of(pem, "PRIVATE KEY") {
            return Err(KeyError::Unreadable(algorithm));
        }
        let signing = read(pem).map_err(|_| KeyError::Unreadable(algorithm))?;
        let public = without_panic(|| Jwk::from_encoding_key(&signing, algorithm.jws()))?
            .map_err(|_| KeyError::Unreadable(algorithm))?;
        let verifying = DecodingKey::from_jwk(&public).map_err(|_| KeyError::Unreadable(algorithm))?;
        let key = Self::from_public(algorithm, verifying, Some(signing))?;
        key.check_round_trip()?;
        Ok(key)
    }

    /// Takes a private key as PKCS#8 DER; see [`Key::from_private_pem`].
    pub fn from_private_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_private_pem(
            algorithm,
            zeroize::Zeroizing::new(pem("PRIVATE KEY", der.as_ref())).as_bytes(),
        )
    }

    /// Takes a public key as SubjectPublicKeyInfo PEM (`BEGIN PUBLIC KEY`), which only verifies.
    ///
    /// Refuses HMAC algorithms, a key of another type or curve, and RSA under 2048 bits or with an exponent of 1 or an even
    /// one.
    pub fn from_public_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let read = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => DecodingKey::from_ec_pem,
            Algorithm::EdDsa => DecodingKey::from_ed_pem,
            Algorithm::Rs256 | Algorithm::Ps256 => DecodingKey::from_rsa_pem,
            _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
        };
        let pem = pem.as_ref();
        if !is_pem_of(pem, "PUBLIC KEY") {
            return Err(KeyError::Unreadable(algorithm));
        }
        Self::from_public(algorithm, read(pem).map_err(|_| KeyError::Unreadable(algorithm))?, None)
    }

    /// Takes a public key as SubjectPublicKeyInfo DER; see [`Key::from_public_pem`].
    pub fn from_public_der(algorithm: Algorithm, der: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::from_public_pem(algorithm, pem("PUBLIC KEY", der.as_ref()))
    }

    /// Takes a JWK (RFC 7517): a public key, which only verifies, or a secret (`kty` `oct`).
    ///
    /// The algorithm is `alg`, or follows from the curve. Refuses a `use` other than `sig`, `key_ops` without `verify`, an
    /// `alg` that disagrees with `kty` or `crv`, coordinates of the wrong length or off the curve, private keys, and what
    /// the other constructors refuse. The key id is `kid`, else the thumbprint.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        super::jwk::read_key(json)
    }

    /// Names the key. Unnamed public keys are called by their RFC 7638 thumbprint, secrets by a derived name that tells
    /// nothing about them.
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

    /// Whether this key can sign, not only verify.
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

    /// Keeps only the half that verifies.
    pub(super) fn without_signing(self) -> Self {
        let material = Material {
            algorithm: self.material.algorithm,
            thumbprint: self.material.thumbprint.clone(),
            signing: None,
            verifying: self.material.verifying.clone(),
            prepared: self.secret().and_then(|secret| PreparedSecret::new(self.algorithm(), secret)),
            signature_chars: self.material.signature_chars,
        };
        Self { kid: self.kid, material: Arc::new(material) }
    }

    /// Whether both are the same secret or public key, whatever they are called.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        self.material.thumbprint == other.material.thumbprint
    }

    pub(super) fn secret(&self) -> Option<&[u8]> {
        if !self.algorithm().is_symmetric() {
            return None;
        }
        self.material.verifying.try_get_as_bytes().ok()
    }

    /// Signs the first two segments of a token; the answer is the third.
    pub(super) fn sign(&self, message: &str) -> Result<String, TokenError> {
        let signing = self.material.signing.as_ref().ok_or(TokenError::CannotSign)?;
        crypto::sign(message.as_bytes(), signing, self.algorithm().jws()).map_err(|_| TokenError::CannotSign)
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

/// jsonwebtoken reads PEM, and from it finds out the type of the key; what it does with DER is left to the back end.
fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// jsonwebtoken also reads PKCS#1 and certificates, and finds public keys in private ones.
fn is_pem_of(pem: &[u8], label: &str) -> bool {
    pem.trim_ascii_start().starts_with(format!("-----BEGIN {label}-----").as_bytes())
}

/// Checks type, curve and strength; answers how many bytes a signature has.
fn check_public(algorithm: Algorithm, jwk: &Jwk) -> Result<usize, KeyError> {
    match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::Es256) if ec.curve == EllipticCurve::P256 => {
            Ok(64)
        }
        (AlgorithmParameters::EllipticCurve(ec), Algorithm::Es384) if ec.curve == EllipticCurve::P384 => {
            Ok(96)
        }
        (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDsa) => Ok(64),
        (AlgorithmParameters::RSA(rsa), Algorithm::Rs256 | Algorithm::Ps256) => {
            check_rsa(algorithm, &rsa.n, &rsa.e)
        }
        _ => Err(KeyError::Unreadable(algorithm)),
    }
}

fn check_rsa(algorithm: Algorithm, modulus: &str, exponent: &str) -> Result<usize, KeyError> {
    let number = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Unreadable(algorithm));
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    let modulus = without_leading_zeros(&modulus);
    let bits = modulus.first().map_or(0, |top| modulus.len() * 8 - top.leading_zeros() as usize);
    if bits < LEAST_RSA_BITS {
        return Err(KeyError::RsaTooShort { bits });
    }
    let exponent = without_leading_zeros(&exponent);
    if exponent == [1] || exponent.last().is_none_or(|lowest| lowest % 2 == 0) {
        return Err(KeyError::RsaExponent);
    }
    Ok(modulus.len())
}

pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Asks the back ends whether they can use the key; RustCrypto says so when a verification is set up, aws-lc-rs only
/// when it parses the key by itself.
fn check_point(algorithm: Algorithm, key: &DecodingKey) -> Result<(), KeyError> {
    crypto::verify("", b"", key, algorithm.jws()).map_err(|_| KeyError::InvalidPoint(algorithm))?;

    #[cfg(feature = "aws-lc-rs")]
    {
        use aws_lc_rs::signature as aws;
        let curve: &'static dyn aws::VerificationAlgorithm = match algorithm {
            Algorithm::Es256 => &aws::ECDSA_P256_SHA256_FIXED,
            Algorithm::Es384 => &aws::ECDSA_P384_SHA384_FIXED,
            _ => return Ok(()),
        };
        let point = key.try_get_as_bytes().map_err(|_| KeyError::InvalidPoint(algorithm))?;
        aws::ParsedPublicKey::new(curve, point).map_err(|_| KeyError::InvalidPoint(algorithm))?;
    }
    Ok(())
}
