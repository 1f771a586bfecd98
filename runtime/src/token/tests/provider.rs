//! The choice of the cryptography. Each test runs in its own process, because a process chooses once.

use std::process::Command;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::signature::{Error, Signer, Verifier};

use crate::token::{Algorithm, Key, KeyError};

const SECRET: &[u8] = b"Q7!xv0Zr-2fYpT9vLs4WmB8eGhD3uJcN";
const CHILD: &str = "COUNTERSIGN_TEST_CHILD";

/// Runs one test of this file in another process.
fn passes_alone(name: &str) -> bool {
    let this = std::env::current_exe().unwrap();
    let test = format!("token::tests::provider::{name}");
    Command::new(this).args(["--exact", &test]).env(CHILD, name).output().unwrap().status.success()
}

fn is_alone(name: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|child| child == name)
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[test]
fn back_end_of_the_features_is_found() {
    assert!(Key::from_secret(Algorithm::Hs256, SECRET).is_ok());
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
#[test]
fn without_a_back_end_keys_are_refused() {
    assert_eq!(Key::from_secret(Algorithm::Hs256, SECRET).unwrap_err(), KeyError::NoProvider);
    let pem = include_str!("../testdata/test_key_p256.pub.pem");
    assert_eq!(Key::from_public_pem(Algorithm::Es256, pem).unwrap_err(), KeyError::NoProvider);
}

/// A back end of an application, with one signature for everything.
struct Constant;

const SIGNATURE: [u8; 32] = [7; 32];

impl Signer<Vec<u8>> for Constant {
    fn try_sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(SIGNATURE.to_vec())
    }
}

impl Verifier<Vec<u8>> for Constant {
    fn verify(&self, _message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        if *signature == SIGNATURE { Ok(()) } else { Err(Error::new()) }
    }
}

impl JwtSigner for Constant {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::HS256
    }
}

impl JwtVerifier for Constant {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        jsonwebtoken::Algorithm::HS256
    }
}

static CONSTANT: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Ok(Box::new(Constant)),
    verifier_factory: |_, _| Ok(Box::new(Constant)),
    key_utils: KeyUtils::new_unimplemented(),
};

#[test]
fn provider_of_the_application_is_never_replaced() {
    if !is_alone("provider_of_the_application_is_never_replaced") {
        assert!(passes_alone("provider_of_the_application_is_never_replaced"));
        return;
    }
    CONSTANT.install_default().unwrap();
    let key = Key::from_secret(Algorithm::Hs256, SECRET).unwrap();
    let signature = key.sign("message").unwrap();
    assert_eq!(signature, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    assert!(key.verify("message", &signature).is_ok());

    let pem = include_str!("../testdata/test_key_p256.pem");
    assert_eq!(Key::from_private_pem(Algorithm::Es256, pem).unwrap_err(), KeyError::IncompleteProvider);
}

/// jsonwebtoken panics in every later call after it could not choose between two back ends, or had none.
#[test]
fn jsonwebtoken_that_gave_up_is_an_error_and_no_panic() {
    if !is_alone("jsonwebtoken_that_gave_up_is_an_error_and_no_panic") {
        assert!(passes_alone("jsonwebtoken_that_gave_up_is_an_error_and_no_panic"));
        return;
    }
    let gave_up = std::panic::catch_unwind(|| {
        let key = jsonwebtoken::DecodingKey::from_secret(SECRET);
        jsonwebtoken::crypto::verify("", b"", &key, jsonwebtoken::Algorithm::HS256)
    })
    .is_err();
    let one_back_end = cfg!(feature = "aws-lc-rs") != cfg!(feature = "rust-crypto");
    assert_eq!(gave_up, !one_back_end);
    let no_back_end = cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto")));
    let error = if no_back_end { KeyError::NoProvider } else { KeyError::ProviderTooLate };
    let key = Key::from_secret(Algorithm::Hs256, SECRET);
    assert_eq!(key.err(), gave_up.then_some(error));
}
