//! Rows 20, 21 and 23: keys with which others can sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};

use super::algorithms::{ED25519, ED25519_PUBLIC, pem_body};
use super::kit::{OTHER_SECRET, SECRET, base64};
use crate::token::pasted::other_than_a_secret;
use crate::token::weak_secret::{PLACEHOLDERS, check_secret};
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
    assert_eq!(Key::from_secret(Algorithm::Hs256, published).unwrap_err(), KeyError::PublishedSecret);
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
        let error = Key::from_secret(Algorithm::Hs256, secret).unwrap_err();
        assert!(matches!(error, KeyError::WeakSecret | KeyError::PublishedSecret), "{secret}: {error}");
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

/// Row 20. These secrets of the list have no placeholder and no pattern.
#[test]
fn published_secrets_are_refused_in_every_encoding() {
    for secret in [
        "r9iMKoe5CRMgvJBBtp4HrqN7QiPpUToj",
        "$gbK!srXc2Oivn8ZjHa8WRel&Zy4481W",
        "+b59WQF+kUDr0TGxevzpRV3ixMvyIQuD1O",
        "VGhpcyBzZWNyZXQgaXMgc3RvcmVkIGJhc2UtNjQgZW5jb2RlZCBvbiB0aGUgcHJveHkgaG9zdA",
        "16f8c0ef4a5d391b26034086c628469d3f9f497f08163ab9b40137092f2909ef",
        "0a6b944d-d2fb-46fc-a85e-0295c986cd9f",
    ] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [
            secret.to_owned(),
            format!("{secret}\n"),
            format!("  {secret}\r\n"),
            secret.to_uppercase(),
            STANDARD.encode(secret),
            base64(secret),
            hex,
        ] {
            if form.trim().len() < 32 {
                continue;
            }
            let error = Key::from_secret(Algorithm::Hs256, &form).unwrap_err();
            assert_eq!(error, KeyError::PublishedSecret, "{form}");
            let jwk = json!({ "kty": "oct", "alg": "HS256", "k": base64(&form) }).to_string();
            assert_eq!(Key::from_jwk(&jwk).unwrap_err(), KeyError::PublishedSecret, "{form}");
        }
    }
    let decoded = STANDARD.decode("UmVhbGx5UmVhbGx5UmVhbGx5UmVhbGx5VmVyeVNhZmU=").unwrap();
    assert_eq!(decoded, b"ReallyReallyReallyReallyVerySafe");
    assert!(Key::from_secret(Algorithm::Hs256, &decoded).is_err());
}

fn refused_bits(algorithm: Algorithm, secret: &str) -> Option<usize> {
    match Key::from_secret(algorithm, secret) {
        Err(KeyError::SecretOfFewBits { bits, .. }) => Some(bits),
        Err(KeyError::SecretTooShort { actual, .. }) => Some(actual * 8),
        Ok(_) => None,
        Err(other) => panic!("{secret}: {other}"),
    }
}

fn random_hex(digits: usize) -> String {
    let mut random = vec![0; digits.div_ceil(2)];
    getrandom::fill(&mut random).unwrap();
    let mut text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

/// Row 20.
#[test]
fn secret_of_uuid_shape_is_refused() {
    for _ in 0..20 {
        let uuid = uuid::Uuid::new_v4();
        let (dashed, plain) = (uuid.hyphenated().to_string(), uuid.simple().to_string());
        for text in [
            dashed.clone(),
            dashed.to_uppercase(),
            plain.clone(),
            plain.to_uppercase(),
            format!("{{{dashed}}}"),
            format!("urn:uuid:{dashed}"),
            format!("URN:UUID:{}", dashed.to_uppercase()),
            format!("{dashed}\n"),
            format!("jwt-secret:{dashed}"),
            format!("{dashed}-production"),
            format!("{dashed}{}", uuid::Uuid::new_v4()),
            format!("{dashed}:{}", uuid::Uuid::new_v4()),
            STANDARD.encode(&dashed),
            dashed.replace('-', ":"),
        ] {
            assert!(refused_bits(Algorithm::Hs256, &text).is_some(), "{text}");
        }
        let random = base64(
            [7; 0]
                .iter()
                .chain(uuid.as_bytes())
                .chain(uuid::Uuid::new_v4().as_bytes())
                .copied()
                .collect::<Vec<u8>>(),
        );
        assert_eq!(
            refused_bits(Algorithm::Hs256, &format!("{dashed}.{random}")),
            None,
            "random text beside it"
        );
        let three = [dashed, uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string()].concat();
        assert_eq!(refused_bits(Algorithm::Hs256, &three), None);
        assert_eq!(refused_bits(Algorithm::Hs512, &three), Some(366));
    }
}

/// Row 20: a digit has four bits.
#[test]
fn hexadecimal_text_needs_as_many_digits_as_the_algorithm_needs_bits() {
    for (algorithm, bits) in [(Algorithm::Hs256, 256), (Algorithm::Hs384, 384), (Algorithm::Hs512, 512)] {
        for digits in (bits / 8 - 2)..(bits / 4 + 6) {
            for _ in 0..5 {
                let text = random_hex(digits);
                let spaced: Vec<&str> =
                    text.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap()).collect();
                let enough = digits * 4 >= bits;
                for form in [
                    text.clone(),
                    text.to_uppercase(),
                    format!("{text}\n"),
                    format!("0x{text}"),
                    spaced.join(":"),
                    spaced.join(" "),
                ] {
                    assert_eq!(refused_bits(algorithm, &form).is_none(), enough, "{algorithm} {form}");
                }
            }
        }
    }
    let error = Key::from_secret(Algorithm::Hs256, random_hex(40)).unwrap_err().to_string();
    assert!(error.contains("hexadecimal text, with 160 random bits at most, and HS256 needs 256"), "{error}");
    let number: String = Sha512::digest("number").iter().map(|byte| format!("{:02}", byte % 100)).collect();
    assert_eq!(refused_bits(Algorithm::Hs256, &number[..77]), Some(255));
    assert_eq!(refused_bits(Algorithm::Hs256, &number[..78]), None);
}

/// Rows 19 and 20: blanks make no secret longer.
#[test]
fn blanks_around_a_secret_do_not_count() {
    let short = "Wd4xB2t7kQn2pLc9vHf3aSwYjGr6UmE";
    for text in [format!("{short} "), format!("{short}\r\n"), format!("          {short}")] {
        let refused = KeyError::SecretTooShort { algorithm: Algorithm::Hs256, needed: 32, actual: 31 };
        assert_eq!(Key::from_secret(Algorithm::Hs256, text).unwrap_err(), refused);
    }
    let mut bytes = [b' '; 32];
    bytes[1..31].copy_from_slice(&Sha256::digest(short)[..30]);
    assert!(Key::from_secret(Algorithm::Hs256, bytes).is_ok(), "a random byte may be a blank");
}

/// Row 20: what is pasted in the place of a secret.
#[test]
fn text_that_is_no_secret_is_named() {
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", base64("{\"sub\":\"1\"}"), base64([9; 32]));
    for (text, found) in [
        (token.as_str(), "a token"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a PEM file, whose key may be public"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKc1c4 me@example", "an SSH public key"),
        (r#"{"kty":"oct","k":"c2p9RkV6bTN4UHE3dUx5V0FhTm9oYjVK"}"#, "a JWK, which `Key::from_jwk` takes"),
        (r#"{"secret":"c2p9RkV6bTN4UHE3dUx5V0FhTm9oYjVK"}"#, "JSON"),
        ("${ACCESS_TOKEN_SIGNING_KEY_OF_PRODUCTION}", "a placeholder that was never replaced"),
        ("$ACCESS_TOKEN_SIGNING_KEY_OF_PRODUCTION", "a placeholder that was never replaced"),
        ("%ACCESS_TOKEN_SIGNING_KEY_OF_PRODUCTION%", "a placeholder that was never replaced"),
        ("{{ .Values.auth.accessTokenSigningKey }}", "a placeholder that was never replaced"),
        ("<random string of at least 32 characters>", "a placeholder that was never replaced"),
        ("$(openssl rand -base64 48)", "a command that was never run"),
        ("`openssl rand -base64 48 | tr -d '='`", "a command that was never run"),
        ("$2b$10$Gg91pyMdkpIwT2MRMl7xxObPSOAQpS2Gnt29indH8Q4jxpiSfPup2", "the hash of a password"),
        ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$Q1", "the hash of a password"),
        ("https://vault.example.com/v1/secret/data/auth", "a URL"),
        ("op://production/countersign/access-key", "a URL"),
        ("arn:aws:secretsmanager:eu-central-1:1:secret:jwt", "the name of a secret in a vault"),
        ("/run/secrets/countersign_access_key_2026", "the path of a file"),
        ("C:\\secrets\\countersign\\access-key-2026", "the path of a file"),
        ("secrets/countersign/access-token-key.pem", "the path of a file"),
    ] {
        assert_eq!(
            Key::from_secret(Algorithm::Hs256, text).unwrap_err(),
            KeyError::NotASecret(found),
            "{text}"
        );
    }
    for secret in ["/VGhp+yBzZWNyZXQgaXMgc3RvcmVkIGJhc2UtNjQgZW5jb2R", "$Wd4x!B2t7k(Qn2pLc9v)Hf3a{SwYj}Gr6U"]
    {
        assert!(Key::from_secret(Algorithm::Hs256, secret).is_ok(), "{secret}");
    }
}

/// Two random bytes look like the beginning of a path once in 13,000: a server would not start, once in a while.
#[test]
fn raw_bytes_are_no_text_that_was_pasted() {
    for beginning in [&b"./"[..], b"../", b"~/", b".\\", b"\\\\", b"C:/", b"${", b"$1$", b"eyJ"] {
        let mut secret = beginning.to_vec();
        secret.extend((0..32).map(|byte: u8| byte.wrapping_mul(83).wrapping_add(5)));
        secret.extend_from_slice(b".p8");
        assert_eq!(other_than_a_secret(&secret), None, "{secret:?}");
        assert!(Key::from_secret(Algorithm::Hs256, &secret).is_ok(), "{secret:?}");
    }
}

/// Row 20.
#[test]
fn random_secrets_are_accepted() {
    for _ in 0..300 {
        let mut random = [0; 48];
        getrandom::fill(&mut random).unwrap();
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let check = |secret: &[u8]| {
            assert_eq!(check_secret(Algorithm::Hs256, 32, secret), Ok(()), "{secret:?}");
            assert_eq!(other_than_a_secret(secret), None, "{secret:?}");
        };
        check(&random);
        check(&random[..32]);
        for text in
            [&hex, &hex[..64], &STANDARD.encode(random), &STANDARD.encode(&random[..32]), &base64(random)]
        {
            check(text.as_bytes());
        }
    }
}
