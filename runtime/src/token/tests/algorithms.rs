//! Rows 10 to 18: one key, one algorithm.

use hmac::{Hmac, KeyInit as _, Mac as _};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use serde_json::{Value, json};
use sha2::Sha256;

use super::kit::{
    NOW, User, base64, forged, header, minted, outcome, outcome_of_header, payload, secret_key, stamp,
    tokens, tokens_of, user, verifications, with,
};
use crate::token::{Algorithm, Key, KeyError, KeySet};

pub(super) const RSA: &str = include_str!("../testdata/test_key_rsa2048.pem");
pub(super) const RSA_PUBLIC: &str = include_str!("../testdata/test_key_rsa2048.pub.pem");
pub(super) const P256: &str = include_str!("../testdata/test_key_p256.pem");
pub(super) const P256_PUBLIC: &str = include_str!("../testdata/test_key_p256.pub.pem");
pub(super) const P384: &str = include_str!("../testdata/test_key_p384.pem");
pub(super) const P384_PUBLIC: &str = include_str!("../testdata/test_key_p384.pub.pem");
pub(super) const ED25519: &str = include_str!("../testdata/test_key_ed25519.pem");
pub(super) const ED25519_PUBLIC: &str = include_str!("../testdata/test_key_ed25519.pub.pem");

pub(super) const PAIRS: [(Algorithm, &str, &str); 5] = [
    (Algorithm::Es256, P256, P256_PUBLIC),
    (Algorithm::Es384, P384, P384_PUBLIC),
    (Algorithm::EdDsa, ED25519, ED25519_PUBLIC),
    (Algorithm::Rs256, RSA, RSA_PUBLIC),
    (Algorithm::Ps256, RSA, RSA_PUBLIC),
];

pub(super) fn header_for(key: &Key) -> Value {
    json!({ "typ": "at+jwt", "alg": key.algorithm().name(), "kid": key.kid() })
}

#[test]
fn every_algorithm_makes_tokens_that_its_public_half_accepts() {
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let tokens = tokens_of(Key::generate_secret(algorithm).unwrap());
        assert_eq!(outcome(&tokens, tokens.mint(&stamp(), &user()).unwrap()), "accepted", "{algorithm}");
    }
    for (algorithm, private, public) in PAIRS {
        let token =
            tokens_of(Key::from_private_pem(algorithm, private).unwrap()).mint(&stamp(), &user()).unwrap();
        let public = Key::from_public_pem(algorithm, public).unwrap();
        assert!(!public.can_sign());
        let verifier =
            crate::token::AccessTokens::new(KeySet::verify_only([public]).unwrap(), super::kit::settings())
                .unwrap();
        assert_eq!(verifier.verify::<User>(token.as_bytes(), NOW).unwrap().claims, user(), "{algorithm}");
        assert_eq!(verifier.mint(&stamp(), &user()).unwrap_err().reason(), "cannot_sign");
    }
}

/// Row 10.
#[test]
fn unsigned_token_is_refused_without_cryptography() {
    let algorithms = ["none", "None", "NONE", "nOnE", ""].map(|name| Some(json!(name)));
    let others = [None, Some(json!(256)), Some(json!(null)), Some(json!(["HS256"])), Some(json!({}))];
    for alg in algorithms.into_iter().chain(others) {
        let counted = verifications(|| {
            assert!(matches!(outcome_of_header("alg", alg.clone()), "algorithm" | "header"), "{alg:?}");
            let header = with(header(), "alg", alg).to_string();
            for signature in ["", "AA", "none"] {
                let token = format!("{}.{}.{signature}", base64(&header), base64(payload().to_string()));
                assert_ne!(outcome(&tokens(), token), "accepted");
            }
        });
        assert_eq!(counted, 0);
    }
    let token = minted();
    let (message, _) = token.rsplit_once('.').unwrap();
    assert_eq!(outcome(&tokens(), format!("{message}.")), "malformed");
}

/// Row 11.
#[test]
fn token_that_is_signed_with_the_bytes_of_a_public_key_is_refused() {
    for (algorithm, private, public) in PAIRS {
        let key = Key::from_private_pem(algorithm, private).unwrap();
        let tokens = tokens_of(key.clone());
        let der = pem_body(public);
        let point = &der[der.len().saturating_sub(65)..];
        for bytes in [public.as_bytes(), public.trim_end().as_bytes(), &der, point] {
            for alg in ["HS256", algorithm.name()] {
                let header = with(header_for(&key), "alg", Some(json!(alg))).to_string();
                let message = format!("{}.{}", base64(header), base64(payload().to_string()));
                let mut mac = Hmac::<Sha256>::new_from_slice(bytes).unwrap();
                mac.update(message.as_bytes());
                let token = format!("{message}.{}", base64(mac.finalize().into_bytes()));
                assert!(matches!(outcome(&tokens, token), "algorithm" | "signature"));
            }
        }
    }
}

/// Row 12.
#[test]
fn algorithm_of_another_key_is_refused() {
    let hs256 = secret_key();
    let hs512 = Key::generate_secret(Algorithm::Hs512).unwrap().with_kid("k2").unwrap();
    let keys = KeySet::new(hs256.clone()).unwrap().accept(hs512.clone()).unwrap();
    let tokens = crate::token::AccessTokens::new(keys, super::kit::settings()).unwrap();
    for (kid, alg) in [("k1", "HS512"), ("k2", "HS256")] {
        for key in [&hs256, &hs512] {
            let header = json!({ "typ": "at+jwt", "alg": alg, "kid": kid }).to_string();
            assert_eq!(outcome(&tokens, forged(key, header, payload().to_string())), "algorithm");
        }
    }
    for key in [&hs256, &hs512] {
        assert_eq!(
            outcome(&tokens, forged(key, header_for(key).to_string(), payload().to_string())),
            "accepted"
        );
    }
}

/// Row 13.
#[test]
fn algorithm_in_another_case_is_refused() {
    for alg in ["hs256", "Hs256", "HS256 ", "HS-256"] {
        assert_eq!(outcome_of_header("alg", Some(json!(alg))), "algorithm");
    }
}

/// Row 14.
#[test]
fn malformed_ecdsa_signatures_are_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&order[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let (zero, one, most) = (
        [0_u8; 32].to_vec(),
        {
            let mut one = vec![0; 32];
            one[31] = 1;
            one
        },
        vec![0xff_u8; 32],
    );
    let key = Key::from_private_pem(Algorithm::Es256, P256).unwrap();
    let tokens = tokens_of(key.clone());
    let message = format!("{}.{}", base64(header_for(&key).to_string()), base64(payload().to_string()));
    for (r, s) in [
        (&zero, &zero),
        (&zero, &one),
        (&one, &zero),
        (&order, &one),
        (&one, &order),
        (&most, &most),
        (&one, &one),
    ] {
        assert_eq!(
            outcome(&tokens, format!("{message}.{}", base64([r.as_slice(), s].concat()))),
            "signature"
        );
    }
    let good = forged(&key, header_for(&key).to_string(), payload().to_string());
    assert_eq!(outcome(&tokens, &good), "accepted");
    let der = [&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01][..], &[0x30; 62]];
    for broken in [der[0].to_vec(), der.concat(), vec![0; 63], vec![0; 65], vec![0; 128], vec![1; 64]] {
        assert_eq!(outcome(&tokens, format!("{message}.{}", base64(broken))), "signature");
    }
}

/// Row 15.
#[test]
fn signature_of_another_rsa_scheme_is_refused() {
    let encoding = jsonwebtoken::EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    for (algorithm, own) in [
        (Algorithm::Ps256, jsonwebtoken::Algorithm::PS256),
        (Algorithm::Rs256, jsonwebtoken::Algorithm::RS256),
    ] {
        use jsonwebtoken::Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
        let key = Key::from_private_pem(algorithm, RSA).unwrap();
        let message = format!("{}.{}", base64(header_for(&key).to_string()), base64(payload().to_string()));
        for scheme in [PS256, PS384, PS512, RS256, RS384, RS512] {
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &encoding, scheme).unwrap();
            let expected = if scheme == own { "accepted" } else { "signature" };
            assert_eq!(
                outcome(&tokens_of(key.clone()), format!("{message}.{signature}")),
                expected,
                "{scheme:?}"
            );
        }
    }
}

/// Row 16.
#[test]
fn extensions_in_the_header_are_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["http://example.com/unknown"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        assert_eq!(outcome_of_header(name, Some(value)), "critical_header");
    }
    let unencoded =
        json!({ "typ": "at+jwt", "alg": "HS256", "kid": "k1", "b64": false, "crit": ["b64"] }).to_string();
    assert_eq!(
        outcome(&tokens(), forged(&secret_key(), unencoded, payload().to_string())),
        "critical_header"
    );
}

/// Row 17.
#[test]
fn secrets_and_public_keys_in_one_set_are_refused() {
    let public = Key::from_public_pem(Algorithm::Es256, P256_PUBLIC).unwrap();
    let private = Key::from_private_pem(Algorithm::Es256, P256).unwrap();
    let refused = KeyError::MixedKinds;
    assert_eq!(KeySet::new(secret_key()).unwrap().accept(public.clone()).unwrap_err(), refused);
    assert_eq!(KeySet::new(private).unwrap().accept(secret_key()).unwrap_err(), refused);
    assert_eq!(KeySet::verify_only([public, secret_key()]).unwrap_err(), refused);
}

/// Row 18.
#[test]
fn ed25519_goes_by_its_older_name_in_tokens_and_by_both_in_keys() {
    let key = Key::from_private_pem(Algorithm::EdDsa, ED25519).unwrap();
    let tokens = tokens_of(key.clone());
    let token = tokens.mint(&stamp(), &user()).unwrap();
    assert!(
        token.starts_with(&base64(header_for(&key).to_string())[..20])
            || outcome(&tokens, &token) == "accepted"
    );
    let x = base64(&pem_body(ED25519_PUBLIC)[12..]);
    for alg in [json!("EdDSA"), json!("Ed25519")] {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": alg });
        assert_eq!(Key::from_jwk(&jwk.to_string()).unwrap().kid(), key.kid());
    }
}

pub(super) fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

proptest! {
    /// Also where a prepared secret is used instead of jsonwebtoken.
    #[test]
    fn secret_verifies_exactly_what_jsonwebtoken_does(
        message in "\\PC{0,200}",
        change in proptest::option::of((any::<Index>(), "[A-Za-z0-9_=-]{0,2}")),
    ) {
        for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let secret = [super::kit::SECRET, super::kit::OTHER_SECRET].concat();
            let decoding = jsonwebtoken::DecodingKey::from_secret(&secret);
            let key = Key::from_secret(algorithm, &secret).unwrap();
            let mut signature = key.sign(&message).unwrap();
            if let Some((at, text)) = &change {
                let at = at.index(signature.len());
                signature.replace_range(at..=at, text);
            }
            let theirs = jsonwebtoken::crypto::verify(&signature, message.as_bytes(), &decoding, algorithm.jws());
            prop_assert_eq!(key.verify(&message, &signature).is_ok(), matches!(theirs, Ok(true)));
            prop_assert!(change.is_some() || key.verify(&message, &signature).is_ok());
        }
    }
}
