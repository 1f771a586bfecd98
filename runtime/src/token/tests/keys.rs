//! Rows 19 to 24 and 30: refused keys, and the `Debug` of keys.

use serde_json::{Value, json};

use super::algorithms::{ED25519, P256, P256_PUBLIC, P384_PUBLIC, PAIRS, RSA, RSA_PUBLIC, pem_body};
use super::kit::{OTHER_SECRET, SECRET, base64, other_secret_key, secret_key, settings, tokens};
use crate::token::{AccessTokens, Algorithm, Key, KeyError, KeySet, RefreshTokens, SettingsError};

const RSA_1024: &str = include_str!("../testdata/test_key_rsa1024.pem");
const RSA_1024_PUBLIC: &str = include_str!("../testdata/test_key_rsa1024.pub.pem");
const SECP256K1: &str = include_str!("../testdata/test_key_secp256k1.pem");
const SECP256K1_PUBLIC: &str = include_str!("../testdata/test_key_secp256k1.pub.pem");
const EXPONENT_1: &str = include_str!("../testdata/test_key_rsa2048_exponent1.pub.pem");
const EXPONENT_2: &str = include_str!("../testdata/test_key_rsa2048_exponent2.pub.pem");

fn p256_jwk() -> Value {
    let der = pem_body(P256_PUBLIC);
    let point = &der[der.len() - 64..];
    json!({ "kty": "EC", "crv": "P-256", "x": base64(&point[..32]), "y": base64(&point[32..]), "alg": "ES256", "kid": "ec" })
}

/// The modulus is at a fixed place in the DER of a 2048 bit key with exponent 65537.
fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": base64(modulus), "e": base64(exponent), "alg": "RS256" })
}

fn rsa_modulus() -> Vec<u8> {
    let der = pem_body(RSA_PUBLIC);
    der[der.len() - 261..der.len() - 5].to_vec()
}

fn changed(jwk: &Value, name: &str, value: Value) -> Result<Key, KeyError> {
    Key::from_jwk(&super::kit::with(jwk.clone(), name, Some(value)).to_string())
}

/// Row 19.
#[test]
fn secret_shorter_than_the_hash_is_refused() {
    let long: Vec<u8> = [SECRET, OTHER_SECRET].concat();
    for (algorithm, needed) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        for actual in [0, 1, needed - 1] {
            let refused = KeyError::SecretTooShort { algorithm, needed, actual };
            assert_eq!(Key::from_secret(algorithm, &long[..actual]).unwrap_err(), refused);
            let jwk = json!({ "kty": "oct", "alg": algorithm.name(), "k": base64(&long[..actual]) });
            assert_eq!(Key::from_jwk(&jwk.to_string()).unwrap_err(), refused);
        }
        assert!(Key::from_secret(algorithm, &long[..needed]).is_ok());
    }
}

/// Row 20.
#[test]
fn published_and_patterned_secrets_are_refused() {
    let repeated = "secret".repeat(6);
    let counted: Vec<u8> = (0..64).collect();
    for (weak, error) in [
        ("a-string-secret-at-least-256-bits-long".as_bytes(), KeyError::WeakSecret),
        (b"A-String-Secret-At-Least-256-Bits-Long\n", KeyError::WeakSecret),
        (b"countersign-documentation-example-secret", KeyError::WeakSecret),
        (b"your-256-bit-secret-your-256-bit-secret", KeyError::WeakSecret),
        (b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", KeyError::PublishedSecret),
        (
            b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            KeyError::PublishedSecret,
        ),
        (b"aBcDeFgHaBcDeFgHaBcDeFgHaBcDeFgH", KeyError::WeakSecret),
        (&[0; 64], KeyError::WeakSecret),
        (&[0xff; 32], KeyError::WeakSecret),
        (repeated.as_bytes(), KeyError::WeakSecret),
        (&counted, KeyError::WeakSecret),
        (P256_PUBLIC.as_bytes(), KeyError::NotASecret("a PEM file, whose key may be public")),
    ] {
        assert_eq!(Key::from_secret(Algorithm::Hs256, weak).unwrap_err(), error);
    }
}

/// Row 21.
#[test]
fn weak_rsa_keys_are_refused() {
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        assert!(Key::from_private_pem(algorithm, RSA_1024).is_err());
        assert!(Key::from_private_der(algorithm, pem_body(RSA_1024)).is_err());
        assert_eq!(
            Key::from_public_pem(algorithm, RSA_1024_PUBLIC).unwrap_err(),
            KeyError::RsaTooShort { bits: 1024 }
        );
        for exponent in [EXPONENT_1, EXPONENT_2] {
            assert!(matches!(
                Key::from_public_pem(algorithm, exponent).unwrap_err(),
                KeyError::RsaExponent | KeyError::Unreadable(_)
            ));
        }
    }
    let modulus = rsa_modulus();
    let refused =
        |modulus: &[u8], exponent: &[u8]| Key::from_jwk(&rsa_jwk(modulus, exponent).to_string()).unwrap_err();
    for exponent in [&[][..], &[0], &[1], &[0, 0, 1], &[2], &[1, 0, 0]] {
        assert_eq!(refused(&modulus, exponent), KeyError::RsaExponent);
    }
    assert_eq!(refused(&modulus[..255], &[1, 0, 1]), KeyError::RsaTooShort { bits: 2040 });
    let padded = [&[0; 8][..], &modulus[..248]].concat();
    assert_eq!(
        refused(&padded, &[1, 0, 1]),
        KeyError::RsaTooShort { bits: 1984 },
        "leading zeros do not count"
    );
    assert_eq!(refused(&[], &[1, 0, 1]), KeyError::RsaTooShort { bits: 0 });
    assert_eq!(refused(&[0xff; 1025], &[1, 0, 1]), KeyError::RsaTooLong { bits: 8200 });
    assert_eq!(refused(&[&[1], &[0xff; 1024][..]].concat(), &[1, 0, 1]), KeyError::RsaTooLong { bits: 8193 });
    let even = [&modulus[..255], &[modulus[255] & 0xfe]].concat();
    assert_eq!(refused(&even, &[1, 0, 1]), KeyError::RsaModulus);
    for long in [&[2, 0, 0, 0, 1][..], &[1, 0, 0, 0, 0, 1], &modulus] {
        assert_eq!(refused(&modulus, long), KeyError::RsaExponent);
    }
    assert!(Key::from_jwk(&rsa_jwk(&modulus, &[1, 0, 0, 0, 1]).to_string()).is_ok(), "33 bits");

    let good = Key::from_jwk(&rsa_jwk(&modulus, &[1, 0, 1]).to_string()).unwrap();
    assert_eq!(good.kid(), Key::from_private_pem(Algorithm::Rs256, RSA).unwrap().kid());
}

/// Row 22.
#[test]
fn jwk_for_another_purpose_is_refused() {
    let jwk = p256_jwk();
    assert_eq!(changed(&jwk, "use", json!("enc")).unwrap_err(), KeyError::JwkPurpose);
    assert_eq!(changed(&jwk, "use", json!("")).unwrap_err(), KeyError::JwkPurpose);
    for operations in [json!([]), json!(["sign"]), json!(["encrypt", "wrapKey"])] {
        assert_eq!(changed(&jwk, "key_ops", operations).unwrap_err(), KeyError::JwkPurpose);
    }
    assert!(changed(&jwk, "use", json!("sig")).is_ok());
    assert!(changed(&jwk, "key_ops", json!(["verify"])).is_ok());

    let secret = json!({ "kty": "oct", "alg": "HS256", "k": base64(SECRET) });
    assert!(changed(&secret, "use", json!("sig")).unwrap().can_sign());
    assert!(!changed(&secret, "key_ops", json!(["verify"])).unwrap().can_sign());
    assert!(changed(&secret, "key_ops", json!(["sign", "verify"])).unwrap().can_sign());
}

/// Row 23.
#[test]
fn jwk_that_contradicts_itself_is_refused() {
    let jwk = p256_jwk();
    for (name, value) in [
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
        ("alg", json!("EdDSA")),
        ("crv", json!("P-384")),
        ("crv", json!("Ed25519")),
        ("crv", json!("secp256k1")),
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("kty", json!("OKP")),
        ("kty", json!("ec")),
    ] {
        assert_eq!(changed(&jwk, name, value).unwrap_err(), KeyError::JwkDisagrees);
    }
    for alg in ["none", "es256", "ES512", "RSA-OAEP"] {
        assert_eq!(changed(&jwk, "alg", json!(alg)).unwrap_err(), KeyError::UnknownAlgorithm(alg.to_owned()));
    }
    assert_eq!(changed(&jwk, "d", json!("AA")).unwrap_err(), KeyError::JwkPrivate);
    let without_alg = super::kit::with(rsa_jwk(&rsa_modulus(), &[1, 0, 1]), "alg", None);
    assert_eq!(Key::from_jwk(&without_alg.to_string()).unwrap_err(), KeyError::JwkWithoutAlgorithm);
    for (text, refused) in [
        ("", KeyError::Empty),
        ("[]", KeyError::JwkSyntax),
        ("null", KeyError::JwkSyntax),
        ("{\"kty\":\"EC\"", KeyError::JwkSyntax),
        ("{}", KeyError::JwkMember("kty")),
        ("{\"kty\":\"EC\",\"kty\":\"EC\"}", KeyError::JwkTwice("kty")),
        ("{\"kty\":7}", KeyError::JwkMember("kty")),
        ("\u{feff}{}", KeyError::ByteOrderMark),
    ] {
        assert_eq!(Key::from_jwk(text).unwrap_err(), refused, "{text}");
    }
    for text in [P256_PUBLIC, "https://auth.example.com/jwks.json", "{\"keys\":[]}"] {
        assert!(matches!(Key::from_jwk(text), Err(KeyError::OtherFormat { .. })), "{text}");
    }
}

/// Row 23.
#[test]
fn point_off_the_curve_is_refused() {
    let jwk = p256_jwk();
    assert!(Key::from_jwk(&jwk.to_string()).is_ok());
    assert_eq!(changed(&jwk, "y", jwk["x"].clone()).unwrap_err(), KeyError::InvalidPoint(Algorithm::Es256));
    for zero in ["x", "y"] {
        assert_eq!(
            changed(&jwk, zero, json!(base64([0; 32]))).unwrap_err(),
            KeyError::InvalidPoint(Algorithm::Es256)
        );
    }
    for wrong in [json!(base64([1; 31])), json!(base64([1; 33])), json!(""), json!("!"), json!("AA==")] {
        assert_eq!(changed(&jwk, "x", wrong.clone()).unwrap_err(), KeyError::JwkMember("x"));
        assert_eq!(changed(&jwk, "y", wrong).unwrap_err(), KeyError::JwkMember("y"));
    }
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64([7; 31]) });
    assert_eq!(Key::from_jwk(&ed.to_string()).unwrap_err(), KeyError::JwkMember("x"));
    assert_eq!(
        Key::from_public_pem(Algorithm::Es256, SECP256K1_PUBLIC).unwrap_err(),
        KeyError::OtherCurve { algorithm: Algorithm::Es256, found: "secp256k1" }
    );
}

/// Row 23.
#[test]
fn key_of_another_type_or_curve_is_refused() {
    for (algorithm, private, public) in PAIRS {
        for (_, other_private, other_public) in PAIRS {
            assert_eq!(Key::from_private_pem(algorithm, other_private).is_ok(), private == other_private);
            assert_eq!(Key::from_public_pem(algorithm, other_public).is_ok(), public == other_public);
        }
        assert_eq!(
            Key::from_secret(algorithm, SECRET).unwrap_err(),
            KeyError::AlgorithmOfOtherKind(algorithm)
        );
        for broken in
            ["", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
        {
            assert!(Key::from_private_pem(algorithm, broken).is_err());
            assert!(Key::from_public_pem(algorithm, broken).is_err());
            assert!(Key::from_private_der(algorithm, broken).is_err());
            assert!(Key::from_public_der(algorithm, broken).is_err());
        }
        let from_der = Key::from_private_der(algorithm, pem_body(private)).unwrap();
        let public_from_der = Key::from_public_der(algorithm, pem_body(public)).unwrap();
        assert_eq!(from_der.kid(), public_from_der.kid());
    }
    assert!(Key::from_private_pem(Algorithm::Es256, SECP256K1).is_err());
    for pem in [P256, P384_PUBLIC] {
        let refused = KeyError::AlgorithmOfOtherKind(Algorithm::Hs256);
        assert_eq!(Key::from_private_pem(Algorithm::Hs256, pem).unwrap_err(), refused);
        assert_eq!(Key::from_public_pem(Algorithm::Hs256, pem).unwrap_err(), refused);
    }
}

/// RFC 7638 section 3.1.
#[test]
fn public_key_is_called_by_its_thumbprint() {
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk = json!({ "kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256" });
    assert_eq!(Key::from_jwk(&jwk.to_string()).unwrap().kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// Row 24.
#[test]
fn set_with_one_id_or_one_key_twice_is_refused() {
    let same_kid = other_secret_key().with_kid("k1").unwrap();
    let set = || KeySet::new(secret_key()).unwrap();
    assert_eq!(set().accept(same_kid).unwrap_err(), KeyError::DuplicateKid("k1".to_owned()));
    assert_eq!(set().accept(secret_key().with_kid("k9").unwrap()).unwrap_err(), KeyError::DuplicateKey);
    assert!(set().accept(other_secret_key()).is_ok());

    let (ec, secret) = (p256_jwk(), json!({ "kty": "oct", "alg": "HS256", "k": base64(SECRET), "kid": "s" }));
    let jwks = |keys: Value| KeySet::from_jwks(&json!({ "keys": keys }).to_string());
    assert_eq!(jwks(json!([ec, ec])).unwrap_err(), KeyError::DuplicateKid("ec".to_owned()));
    assert_eq!(jwks(json!([ec, secret])).unwrap_err(), KeyError::MixedKinds);
    assert_eq!(jwks(json!([])).unwrap_err(), KeyError::EmptySet);
    assert_eq!(KeySet::from_jwks("{}").unwrap_err(), KeyError::JwkMember("keys"));
    assert_eq!(KeySet::from_jwks("[]").unwrap_err(), KeyError::JwkSyntax);
    assert!(matches!(KeySet::from_jwks(&ec.to_string()), Err(KeyError::OtherFormat { .. })));

    let encryption =
        json!({ "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "n": "AA", "e": "AQAB", "kid": "ec" });
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "ec" });
    assert!(jwks(json!([encryption, unknown, ec])).is_ok());
    let nothing = KeyError::NoUsableKey(Box::new(KeyError::JwkPurpose));
    assert_eq!(jwks(json!([encryption])).unwrap_err(), nothing);
}

/// Row 23. RFC 7517 section 5: a member that is not understood is that member's loss alone.
#[test]
fn bad_member_of_a_set_is_left_out() {
    let ec = p256_jwk();
    let changed = |name: &str, value: Value| super::kit::with(ec.clone(), name, Some(value));
    let without = |name: &str| super::kit::with(ec.clone(), name, None);
    let (rsa, private) = (rsa_jwk(&[0xff; 128], &[1, 0, 1]), changed("d", json!("AA")));
    for (bad, cause) in [
        (without("kty"), KeyError::JwkMember("kty")),
        (changed("kid", json!(7)), KeyError::JwkMember("kid")),
        (changed("kid", json!("")), KeyError::InvalidKid),
        (changed("alg", json!(["ES256"])), KeyError::JwkMember("alg")),
        (changed("use", json!(null)), KeyError::JwkMember("use")),
        (changed("key_ops", json!("verify")), KeyError::JwkMember("key_ops")),
        (changed("key_ops", json!([7])), KeyError::JwkPurpose),
        (changed("x", json!(null)), KeyError::JwkMember("x")),
        (changed("x", ec["y"].clone()), KeyError::InvalidPoint(Algorithm::Es256)),
        (changed("crv", json!({})), KeyError::JwkMember("crv")),
        (changed("kty", json!("AKP")), KeyError::JwkDisagrees),
        (changed("alg", json!("ES256K")), KeyError::UnknownAlgorithm("ES256K".to_owned())),
        (private, KeyError::JwkPrivate),
        (rsa, KeyError::RsaTooShort { bits: 1024 }),
        (json!(7), KeyError::JwkSyntax),
        (json!(null), KeyError::JwkSyntax),
        (json!([ec]), KeyError::JwkSyntax),
        (json!({}), KeyError::JwkMember("kty")),
    ] {
        let with = |keys: Value| KeySet::from_jwks(&json!({ "keys": keys, "issuer": 7 }).to_string());
        for keys in [json!([bad, ec]), json!([ec, bad]), json!([bad, bad, ec])] {
            let kids: Vec<_> =
                with(keys).unwrap().into_keys().iter().map(|key| key.kid().to_owned()).collect();
            assert_eq!(kids, ["ec"], "{bad}");
        }
        let alone = with(json!([bad])).unwrap_err();
        assert_eq!(alone, KeyError::NoUsableKey(Box::new(cause)), "{bad}");
    }
    let twice = format!(r#"{{"keys":[{{"kty":"EC","kty":"EC"}},{ec}]}}"#);
    assert!(KeySet::from_jwks(&twice).is_ok());
    let twice = format!(r#"{{"keys":[{ec}],"keys":[{ec}]}}"#);
    assert_eq!(KeySet::from_jwks(&twice).unwrap_err(), KeyError::JwkMember("keys"));
}

/// RFC 7517 section 4.4: `alg` is optional, and the caller can say it.
#[test]
fn key_without_an_algorithm_is_taken_for_a_named_one() {
    let rsa = super::kit::with(rsa_jwk(&rsa_modulus(), &[1, 0, 1]), "alg", None);
    let secret = json!({ "kty": "oct", "k": base64(SECRET) });
    for (jwk, algorithm) in [
        (&rsa, Algorithm::Rs256),
        (&rsa, Algorithm::Ps256),
        (&secret, Algorithm::Hs256),
        (&p256_jwk(), Algorithm::Es256),
    ] {
        let key = Key::from_jwk_with(&jwk.to_string(), algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let set = json!({ "keys": [jwk] }).to_string();
        let keys = KeySet::from_jwks_with(&set, &[Algorithm::EdDsa, algorithm]).unwrap().into_keys();
        assert_eq!(keys.iter().map(Key::algorithm).collect::<Vec<_>>(), [algorithm]);
    }
    for (jwk, algorithm, refused) in [
        (&rsa, Algorithm::Es256, KeyError::JwkWithoutAlgorithm),
        (&rsa, Algorithm::Hs256, KeyError::JwkWithoutAlgorithm),
        (&secret, Algorithm::Rs256, KeyError::JwkWithoutAlgorithm),
        (&p256_jwk(), Algorithm::Rs256, KeyError::JwkUnwanted(Algorithm::Es256)),
        (&rsa_jwk(&rsa_modulus(), &[1, 0, 1]), Algorithm::Ps256, KeyError::JwkUnwanted(Algorithm::Rs256)),
    ] {
        assert_eq!(Key::from_jwk_with(&jwk.to_string(), algorithm).unwrap_err(), refused);
        let set = json!({ "keys": [jwk] }).to_string();
        let nothing = KeyError::NoUsableKey(Box::new(refused));
        assert_eq!(KeySet::from_jwks_with(&set, &[algorithm]).unwrap_err(), nothing);
    }
    let both = json!({ "keys": [rsa, p256_jwk()] }).to_string();
    assert_eq!(
        KeySet::from_jwks(&both).unwrap().into_keys().len(),
        1,
        "the RSA key is left out, and the log says so"
    );
    let named = KeySet::from_jwks_with(&both, &[Algorithm::Rs256, Algorithm::Es256]).unwrap();
    assert_eq!(named.into_keys().len(), 2);
}

#[test]
fn key_that_cannot_sign_is_refused_where_it_has_to() {
    let public = Key::from_public_pem(Algorithm::Es256, P256_PUBLIC).unwrap();
    assert_eq!(KeySet::new(public).unwrap_err(), KeyError::CannotSign);
    let pair = Key::from_private_pem(Algorithm::EdDsa, ED25519).unwrap();
    assert_eq!(RefreshTokens::new(pair, settings()).unwrap_err(), SettingsError::RefreshKeyNotSecret);
    let jwk = json!({ "kty": "oct", "alg": "HS256", "k": base64(SECRET), "key_ops": ["verify"] }).to_string();
    let verifier = Key::from_jwk(&jwk).unwrap();
    assert_eq!(RefreshTokens::new(verifier, settings()).unwrap_err(), SettingsError::RefreshKeyNotSecret);
}

#[test]
fn set_for_verification_never_signs() {
    let keys = KeySet::verify_only([secret_key(), other_secret_key()]).unwrap();
    let tokens = AccessTokens::new(keys, settings()).unwrap();
    assert_eq!(tokens.mint(&super::kit::stamp(), &super::kit::user()).unwrap_err().reason(), "cannot_sign");
    assert_eq!(super::kit::outcome(&tokens, super::kit::minted()), "accepted");
}

/// Neither the label nor the content alone says what a file is.
#[test]
fn pem_of_another_label_is_refused() {
    for label in ["CERTIFICATE", "RSA PUBLIC KEY", "PRIVATE KEY"] {
        let relabelled = RSA_PUBLIC.replace("PUBLIC KEY", label);
        assert!(Key::from_public_pem(Algorithm::Rs256, relabelled).is_err(), "{label}");
    }
    let relabelled = RSA.replace("PRIVATE KEY", "PUBLIC KEY");
    assert_eq!(Key::from_public_pem(Algorithm::Rs256, relabelled).unwrap_err(), KeyError::PrivateHalf);
    let relabelled = RSA_PUBLIC.replace("PUBLIC KEY", "PRIVATE KEY");
    assert_eq!(Key::from_private_pem(Algorithm::Rs256, relabelled).unwrap_err(), KeyError::PublicHalf);
    let relabelled = RSA.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    assert!(Key::from_private_pem(Algorithm::Rs256, relabelled).is_err());
}

#[test]
fn key_id_has_to_be_short_text() {
    for kid in [String::new(), "a\nb".to_owned(), "\0".to_owned(), "k".repeat(129)] {
        assert_eq!(secret_key().with_kid(kid).unwrap_err(), KeyError::InvalidKid);
    }
    assert_eq!(secret_key().with_kid("schlüssel").unwrap().kid(), "schlüssel");
}

/// Row 30.
#[test]
fn debug_and_display_show_no_secret() {
    let key = secret_key();
    let refresh =
        RefreshTokens::new(Key::from_secret(Algorithm::Hs256, SECRET).unwrap(), settings()).unwrap();
    let private = Key::from_private_pem(Algorithm::Es256, P256).unwrap();
    let weak = Key::from_secret(Algorithm::Hs256, "a-string-secret-at-least-256-bits-long").unwrap_err();
    let secret_bytes = format!("{SECRET:?}");
    let shown = [
        format!("{key:?} {key:#?}"),
        format!("{:?}", KeySet::new(key).unwrap()),
        format!("{:?}", tokens()),
        format!("{refresh:?}"),
        format!("{private:?}"),
        format!("{weak:?} {weak}"),
    ];
    for text in shown {
        for secret in ["Q7!xv0Zr", "81, 55", &secret_bytes, "a-string-secret", "BEGIN", "Subkey", "Material"]
        {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// Row 30. The name of a secret is not its RFC 7638 thumbprint, against which guesses could be tried offline.
#[test]
fn name_of_a_secret_is_short_and_derived() {
    let key = Key::from_secret(Algorithm::Hs256, SECRET).unwrap();
    assert_eq!(key.kid().len(), 16);
    assert_eq!(key.kid(), Key::from_secret(Algorithm::Hs256, SECRET).unwrap().kid());
    assert_ne!(key.kid(), Key::from_secret(Algorithm::Hs256, OTHER_SECRET).unwrap().kid());
}
