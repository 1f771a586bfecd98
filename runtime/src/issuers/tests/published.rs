//! Sets of keys as issuers publish them: what is taken, and what is left out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::kit::{jwk, jwks};
use crate::issuers::failure::Failure;
use crate::issuers::published::PublishedSet;
use crate::token::{Algorithm, Key};

const ALL: &[Algorithm] =
    &[Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];

fn der_of(pem: &str) -> Vec<u8> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// A key of 2048 bits with exponent 65537, whose modulus is at a fixed place of its DER.
fn rsa() -> Value {
    let der = der_of(include_str!("../../token/testdata/test_key_rsa2048.pub.pem"));
    let modulus = URL_SAFE_NO_PAD.encode(&der[der.len() - 261..der.len() - 5]);
    json!({ "kty": "RSA", "n": modulus, "e": "AQAB", "kid": "rsa" })
}

fn weak_rsa() -> Value {
    json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB", "kid": "weak" })
}

fn p256() -> Value {
    let der = der_of(include_str!("../../token/testdata/test_key_p256.pub.pem"));
    let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(&der[from..from + 32]);
    let (x, y) = (coordinate(der.len() - 64), coordinate(der.len() - 32));
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "ec" })
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

/// Each key as its id and algorithms.
fn read(keys: &[Value], algorithms: &[Algorithm]) -> (Vec<(String, Vec<Algorithm>)>, usize) {
    let set = PublishedSet::read(json!({ "keys": keys }).to_string().as_bytes(), algorithms).unwrap();
    let described = |key: &crate::issuers::published::PublishedKey| {
        let kid = key.kid.clone().unwrap_or_else(|| "none".to_owned());
        (kid, key.keys.iter().map(Key::algorithm).collect())
    };
    (set.keys.iter().map(described).collect(), set.left_out.len())
}

fn kids(keys: &[Value]) -> Vec<String> {
    read(keys, ALL).0.into_iter().map(|(kid, _)| kid).collect()
}

/// Row 171. Each bad key is listed beside a good one, which stays.
#[test]
fn a_bad_key_is_that_keys_loss_alone() {
    for bad in [
        json!(null),
        json!(7),
        json!([]),
        json!({}),
        without(p256(), "kty"),
        with(p256(), "kid", json!(7)),
        with(p256(), "kid", json!("")),
        with(p256(), "kid", json!("x".repeat(129))),
        with(p256(), "kty", json!("AKP")),
        with(p256(), "crv", json!("secp256k1")),
        with(p256(), "crv", json!("P-384")),
        with(p256(), "x", json!("AA")),
        with(p256(), "y", p256()["x"].clone()),
        with(p256(), "alg", json!("ES384")),
        with(p256(), "alg", json!("none")),
        with(p256(), "use", json!("enc")),
        with(p256(), "key_ops", json!(["sign"])),
        with(rsa(), "alg", json!("RSA-OAEP-256")),
        with(rsa(), "alg", json!("HS256")),
        weak_rsa(),
    ] {
        for keys in [[bad.clone(), jwk(1)], [jwk(1), bad.clone()]] {
            assert_eq!(kids(&keys), ["k1"], "{bad}");
        }
        assert_eq!(read(std::slice::from_ref(&bad), ALL), (vec![], 1), "{bad}");
    }
    let twice = format!(r#"{{"keys":[{{"kty":"EC","kid":"a","kid":"b"}},{}]}}"#, jwk(1));
    let set = PublishedSet::read(twice.as_bytes(), ALL).unwrap();
    assert_eq!((set.keys.len(), set.left_out.len()), (1, 1));
}

/// Row 170.
#[test]
fn a_key_with_private_members_is_refused_and_the_log_says_why() {
    let secret = json!({ "kty": "oct", "alg": "HS256", "k": "Q7xv0Zr2fYpT9vLs4WmB8eGhD3uJcNQ7xv0Zr2fYpT9", "kid": "s" });
    let mut cases = vec![(secret.clone(), "secret"), (without(secret, "alg"), "secret")];
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        cases.push((with(rsa(), name, json!("AA")), "private"));
    }
    cases.push((with(p256(), "d", json!("AA")), "private"));
    cases.push((with(jwk(2), "d", json!(7)), "private"));
    for (bad, word) in cases {
        let keys = json!({ "keys": [bad, jwk(1)] }).to_string();
        let set = PublishedSet::read(keys.as_bytes(), ALL).unwrap();
        assert_eq!(set.keys.len(), 1, "{bad}");
        let logged = format!("{:?}", set.left_out);
        assert!(logged.contains(word), "{logged}");
    }
}

/// Row 171.
#[test]
fn rsa_without_an_algorithm_takes_those_of_the_issuer() {
    use Algorithm::{EdDsa, Es256, Ps256, Rs256};
    for (accepted, expected) in [
        (&[Rs256][..], vec![Rs256]),
        (&[Ps256, Es256], vec![Ps256]),
        (&[Es256, Rs256, EdDsa, Ps256], vec![Rs256, Ps256]),
    ] {
        assert_eq!(read(&[rsa()], accepted).0, [("rsa".to_owned(), expected)], "{accepted:?}");
    }
    let named = with(rsa(), "alg", json!("PS256"));
    assert_eq!(read(std::slice::from_ref(&named), ALL).0, [("rsa".to_owned(), vec![Ps256])]);
    assert_eq!(read(&[named], &[Rs256]), (vec![], 1), "the issuer's list is the limit");
    assert_eq!(read(&[rsa()], &[Es256]), (vec![], 1));
    assert_eq!(read(&[p256()], ALL).0, [("ec".to_owned(), vec![Es256])]);
    assert_eq!(read(&[with(p256(), "x5c", json!(["AA", 7]))], ALL).0.len(), 1, "certificates are ignored");
}

/// Row 171. RFC 7517 section 4.5 lets keys of different types share an id.
#[test]
fn a_repeated_kid_is_left_out_where_it_means_two_keys() {
    let named = |jwk: Value| with(jwk, "kid", json!("same"));
    assert_eq!(
        read(&[named(jwk(1)), jwk(3), named(jwk(2))], ALL),
        (vec![("k3".to_owned(), vec![Algorithm::EdDsa])], 2)
    );
    assert_eq!(kids(&[named(jwk(1)), named(jwk(2)), named(jwk(1))]), [""; 0]);
    assert_eq!(kids(&[named(jwk(1)), named(jwk(1))]), ["same"], "one key, listed twice");
    assert_eq!(kids(&[named(jwk(1)), named(p256())]), ["same", "same"], "each has an algorithm of its own");
    let (one, other) = (with(named(rsa()), "alg", json!("RS256")), with(named(rsa()), "alg", json!("PS256")));
    assert_eq!(kids(&[one.clone(), other]), ["same", "same"]);
    assert_eq!(kids(&[one, named(rsa())]), [""; 0], "for RS256 there are two entries");
    assert_eq!(kids(&[named(jwk(1)), with(named(jwk(2)), "use", json!("enc"))]), ["same"]);
    let nameless = [without(jwk(1), "kid"), without(jwk(2), "kid")];
    assert_eq!(kids(&nameless), ["none", "none"]);
}

/// Row 167. A set over the limit is refused before any of its keys is looked at.
#[test]
fn a_set_has_64_keys_at_most() {
    let numbers: Vec<u64> = (0..65).collect();
    assert_eq!(PublishedSet::read(jwks(&numbers[..64]).as_bytes(), ALL).unwrap().keys.len(), 64);
    for count in [65, 1000] {
        let members = vec![json!(7); count];
        let error = PublishedSet::read(json!({ "keys": members }).to_string().as_bytes(), ALL).err();
        assert!(matches!(error, Some(Failure::TooManyKeys(found)) if found == count));
    }
}

#[test]
fn what_is_no_set_is_a_failure_and_an_empty_set_is_one() {
    for garbage in [
        "",
        "null",
        "[]",
        "7",
        "{}",
        "<html></html>",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
        "\u{feff}{}",
    ] {
        assert!(matches!(PublishedSet::read(garbage.as_bytes(), ALL), Err(Failure::Set(_))), "{garbage}");
    }
    assert!(matches!(PublishedSet::read(&[0xff, 0xfe], ALL), Err(Failure::NotText)));
    assert!(matches!(PublishedSet::read(jwk(1).to_string().as_bytes(), ALL), Err(Failure::Set(_))));
    assert_eq!(read(&[], ALL), (vec![], 0));
}

/// The texts are the issuer's, and could be long.
#[test]
fn a_log_line_is_never_long() {
    let long = "A".repeat(100_000);
    for bad in [with(p256(), "alg", json!(long)), with(p256(), "kid", json!(long))] {
        let set = PublishedSet::read(json!({ "keys": [bad] }).to_string().as_bytes(), ALL).unwrap();
        assert!(format!("{:?}", set.left_out).len() < 400);
    }
    for failure in [
        Failure::OtherIssuer { expected: "https://a.example".to_owned(), found: long.clone() },
        Failure::Keys { found: long.clone(), error: "" },
        Failure::Fetch(crate::issuers::FetchError::other(long)),
    ] {
        assert!(format!("{failure:?}").len() < 500);
    }
}
