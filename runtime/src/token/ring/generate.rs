//! New private keys, as PKCS#8 DER, from the back end of the crate's features.

use zeroize::Zeroizing;

use crate::token::{Algorithm, Key, KeyError};

/// A new key, and the text from which it can be made again.
#[derive(Clone)]
pub(super) struct Fresh {
    pub(super) key: Key,
    pub(super) private: Zeroizing<Vec<u8>>,
}

impl Fresh {
    pub(super) fn new(algorithm: Algorithm) -> Result<Self, KeyError> {
        let private = private_key(algorithm)?;
        Ok(Self { key: Key::from_private_der(algorithm, &*private)?, private })
    }
}

#[cfg(feature = "aws-lc-rs")]
fn private_key(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    };

    let failed = |_| KeyError::Random;
    let curve = match algorithm {
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            return Ok(Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()));
        }
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            return Ok(Zeroizing::new(der.as_ref().to_vec()));
        }
        _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
    };
    let pair = EcdsaKeyPair::generate(curve).map_err(failed)?;
    Ok(Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()))
}

#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
fn private_key(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    use ed25519_dalek::pkcs8::KeypairBytes;
    use p256::pkcs8::EncodePrivateKey as _;

    let mut bytes = Zeroizing::new([0; 48]);
    // One scalar in 2^32 is not below the order of P-256, and fewer of P-384.
    for _ in 0..8 {
        getrandom::fill(&mut *bytes).map_err(|_| KeyError::Random)?;
        let (short, _) = bytes.split_first_chunk::<32>().ok_or(KeyError::Random)?;
        let der = match algorithm {
            Algorithm::Es256 => p256::SecretKey::from_slice(short).ok().map(|key| key.to_pkcs8_der()),
            Algorithm::Es384 => p384::SecretKey::from_slice(&*bytes).ok().map(|key| key.to_pkcs8_der()),
            Algorithm::EdDsa => {
                // Without the public key, which the reader of private keys does not expect behind it.
                Some(KeypairBytes { secret_key: *short, public_key: None }.to_pkcs8_der())
            }
            _ => return Err(KeyError::AlgorithmOfOtherKind(algorithm)),
        };
        if let Some(Ok(der)) = der {
            return Ok(Zeroizing::new(der.as_bytes().to_vec()));
        }
    }
    Err(KeyError::Random)
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
fn private_key(_: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    Err(KeyError::NoProvider)
}
