//! Checks of public keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use curve25519_dalek::edwards::CompressedEdwardsY;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{DecodingKey, crypto};

use super::{Algorithm, KeyError};

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// The limit of aws-lc-rs. The time of a verification grows with the bits of the exponent.
const MOST_EXPONENT_BITS: usize = 33;

/// Checks type, curve and strength. Returns the length of a signature in bytes.
pub(super) fn check_public(algorithm: Algorithm, jwk: &Jwk) -> Result<usize, KeyError> {
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
    let bits = bit_length(modulus);
    if bits < *RSA_BITS.start() {
        return Err(KeyError::RsaTooShort { bits });
    }
    if bits > *RSA_BITS.end() {
        return Err(KeyError::RsaTooLong { bits });
    }
    if is_even(modulus) {
        return Err(KeyError::RsaModulus);
    }
    let exponent = without_leading_zeros(&exponent);
    if exponent == [1] || is_even(exponent) || bit_length(exponent) > MOST_EXPONENT_BITS {
        return Err(KeyError::RsaExponent);
    }
    Ok(modulus.len())
}

fn is_even(number: &[u8]) -> bool {
    number.last().is_none_or(|lowest| lowest % 2 == 0)
}

/// The number of bits of a number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |top| number.len() * 8 - top.leading_zeros() as usize)
}

pub(super) fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Checks that the key is a point of its curve. RustCrypto refuses others when a verification is set up, aws-lc-rs only when it
/// parses the key separately, and neither checks Ed25519 keys far enough.
pub(super) fn check_point(algorithm: Algorithm, key: &DecodingKey) -> Result<(), KeyError> {
    crypto::verify("", b"", key, algorithm.jws()).map_err(|_| KeyError::InvalidPoint(algorithm))?;
    if algorithm == Algorithm::EdDsa && !key.try_get_as_bytes().is_ok_and(is_ed25519_point) {
        return Err(KeyError::InvalidPoint(algorithm));
    }

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

/// Whether this is the canonical encoding of a point (RFC 8032 section 5.1.3) of large order. With a point of small order, anyone
/// can forge signatures.
fn is_ed25519_point(key: &[u8]) -> bool {
    let point = CompressedEdwardsY::from_slice(key).ok().and_then(|encoded| encoded.decompress());
    point.is_some_and(|point| point.compress().as_bytes() == key && !point.is_small_order())
}
