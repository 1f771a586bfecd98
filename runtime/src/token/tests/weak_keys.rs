//! Rows 20, 21 and 23: keys with which others can sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};

use super::algorithms::{ED25519, ED25519_PUBLIC, pem_body};
use super::kit::{OTHER_SECRET, SECRET, base64};
use crate::token::weak_secret::{PLACEHOLDERS, is_weak};
use crate::token::{Algorithm, Key, KeyError, KeySet};

#[track_caller]
fn assert_no_ed25519_key(point: &[u8; 32]) {
    let refused = KeyError::InvalidPoint(Algorithm::EdDsa);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(point) }).to_string();
    assert_eq!(Key::from_jwk(&jwk).unwrap_err(), refused);

    let mut der = pem_body(ED25519_PUBLIC);
    let start = der.len() - 32;
    der[start..].copy_from_slice(point);
    assert_eq!(Key::from_public_der(Algorithm::EdDsa, &der).unwrap_err(), refused);
}

/// Row 23. With such a key, `R` and `S` can be chosen so that they verify for any message.
#[test]
fn ed25519_point_of_small_order_is_refused() {
    for point in EIGHT_TORSION {
        assert_no_ed25519_key(&point.compress().to_bytes());
    }
}

/// Row 23.
#[test]
fn ed25519_point_off_the_curve_is_refused() {
    let mut two = [0; 32];
    two[0] = 2;
    assert!(CompressedEdwardsY(two).decompress().is_none());
    assert_no_ed25519_key(&two);
}

/// Row 23. RFC 8032 section 5.1.3: `y` is below the prime 2^255 - 19, and zero has no sign.
#[test]
fn ed25519_point_in_another_encoding_is_refused() {
    let mut negative_zero = [0; 32];
    (negative_zero[0], negative_zero[31]) = (1, 0x80);
    assert_no_ed25519_key(&negative_zero);

    let mut of_large_order = 0;
    for y in 0..19 {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (0xed + y, 0x7f);
        let decoded = CompressedEdwardsY(point).decompress();
        of_large_order += usize::from(decoded.is_some_and(|point| !point.is_small_order()));
        assert_no_ed25519_key(&point);
    }
    assert_ne!(of_large_order, 0, "or nothing but the other rules was tested");
}

#[test]
fn good_ed25519_key_is_accepted_in_every_form() {
    let public = Key::from_public_pem(Algorithm::EdDsa, ED25519_PUBLIC).unwrap();
    assert_eq!(Key::from_private_pem(Algorithm::EdDsa, ED25519).unwrap().kid(), public.kid());
    let der = pem_body(ED25519_PUBLIC);
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(&der[der.len() - 32..]) }).to_string();
    assert_eq!(Key::from_jwk(&jwk).unwrap().kid(), public.kid());
}

/// Whether a key set, and the check that separates access and refresh keys, distinguish two secrets in both orders.
#[track_caller]
fn assert_same(algorithm: Algorithm, one: &[u8], other: &[u8], same: bool) {
    let key = |secret: &[u8], kid: &str| Key::from_secret(algorithm, secret).unwrap().with_kid(kid).unwrap();
    for (first, second) in [(one, other), (other, one)] {
        let (first, second) = (key(first, "k1"), key(second, "k2"));
        assert_eq!(first.sign("message").unwrap() == second.sign("message").unwrap(), same);
        let set = KeySet::new(first).unwrap();
        assert_eq!(set.has_key_material_of(&second), same);
        assert_eq!(set.accept(second).err(), same.then_some(KeyError::DuplicateKey));
    }
}

/// RFC 2104 section 2: a key is padded with zeros to the block of the hash.
#[test]
fn zeros_at_the_end_make_no_other_secret() {
    let padded = |zeros: usize| [SECRET, &vec![0; zeros]].concat();
    for zeros in [1, 2, 32] {
        assert_same(Algorithm::Hs256, SECRET, &padded(zeros), true);
    }
    assert_same(Algorithm::Hs256, SECRET, &[b"\0", SECRET].concat(), false);
    assert_same(Algorithm::Hs256, SECRET, OTHER_SECRET, false);
    assert_same(Algorithm::Hs512, &padded(32), &padded(96), true);

    let published = b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7\0\0";
    assert_eq!(Key::from_secret(Algorithm::Hs256, published).unwrap_err(), KeyError::WeakSecret);
}

/// RFC 2104 section 2: a key longer than the block of the hash is hashed.
#[test]
fn long_secret_is_the_same_key_as_its_hash() {
    let long = [SECRET, OTHER_SECRET, b"!"].concat();
    assert_same(Algorithm::Hs256, &long, &Sha256::digest(&long), true);
    assert_same(Algorithm::Hs256, &long[..64], &Sha256::digest(&long[..64]), false);
    let longer = [&long[..64], &long[..]].concat();
    assert_same(Algorithm::Hs512, &longer, &Sha512::digest(&longer), true);

    let of = |algorithm, secret: &[u8]| Key::from_secret(algorithm, secret).unwrap();
    let both = (of(Algorithm::Hs256, &long), of(Algorithm::Hs512, &long));
    assert!(both.0.is_same_key(&both.1), "one secret for two algorithms is one secret");
}

/// Row 20.
#[test]
fn secret_that_holds_a_placeholder_is_refused() {
    for placeholder in PLACEHOLDERS {
        for secret in [
            format!("{placeholder}Q7!xv0Zr2fYpT9vLs4WmB8eGhD3uJcN"),
            format!("Q7!xv0Zr2fYpT9vL{}s4WmB8eGhD3uJcN", placeholder.to_uppercase()),
        ] {
            assert_eq!(Key::from_secret(Algorithm::Hs256, &secret).unwrap_err(), KeyError::WeakSecret);
        }
    }
    for text in [
        "changeme",
        "change-me",
        "Change_This",
        "change-this",
        "documentation-example",
        "example-secret",
        "YOUR_JWT_SECRET",
        "your-secret",
        "your_secret",
        "jwt_secret",
        "SecretSecret",
        "Password1234",
        "0123456789ABCDEF",
        "supersecret",
        "super-secret",
        "my-secret",
        "mysecretkey",
        "my.secret",
        "my secret",
        "secret_key",
        "__insecure__",
    ] {
        let secret = format!("Q7!xv0Zr2fYpT9vL{text}s4WmB8eGhD3uJcN");
        assert_eq!(Key::from_secret(Algorithm::Hs256, &secret).unwrap_err(), KeyError::WeakSecret, "{text}");
    }
}

/// Row 20.
#[test]
fn published_secrets_are_refused() {
    for secret in [
        "a-secret-key-that-is-at-least-32-characters-long",
        "a-valid-string-secret-that-is-at-least-384-bits-long",
        "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
        "abcdefghijklmnopqrstuvwxyz012345",
        "my-32-character-ultra-secure-and-ultra-long-secret",
        "mysupersecretkeythatisatleast32characterslong",
        "please-change-me-to-a-secure-random-string",
        "please-change-this-secret-in-production",
        "qwertyuiopasdfghjklzxcvbnm123456",
        "super-secret-jwt-token-with-at-least-32-characters-long",
        "the quick brown fox jumps over the lazy dog",
        "this-is-a-very-long-secret-key-for-testing-purposes",
        "your-256-bit-secret-key-goes-here-1234567890",
        "your-super-secret-jwt-key-change-this-in-production",
    ] {
        assert_eq!(Key::from_secret(Algorithm::Hs256, secret).unwrap_err(), KeyError::WeakSecret, "{secret}");
    }
}

#[test]
fn placeholders_are_too_long_to_come_about_by_chance() {
    for text in PLACEHOLDERS {
        let least = if text.bytes().all(|byte| byte.is_ascii_hexdigit()) { 16 } else { 8 };
        assert!(text.len() >= least, "{text}");
        assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{text}");
    }
}

/// Row 20.
#[test]
fn random_secrets_are_accepted() {
    for _ in 0..2500 {
        let mut random = [0; 48];
        getrandom::fill(&mut random).unwrap();
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!is_weak(&random), "{random:?}");
        for text in [hex, STANDARD.encode(random), base64(random)] {
            assert!(!is_weak(text.as_bytes()), "{text}");
        }
    }
}
