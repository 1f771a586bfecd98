//! Sealed payloads by themselves; `tests/integration/sealed.rs` takes them to every door.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::kit::{ISSUER, NOW, other_secret_key, secret_key};
use crate::token::envelope::Envelope;
use crate::token::{Algorithm, Key, KeyError, KeySet, SealError, Sealer, UnsealError};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

fn sealer() -> Sealer {
    sealer_of(KeySet::new(secret_key()).unwrap())
}

fn sealer_of(keys: KeySet) -> Sealer {
    Sealer::new(&keys, ISSUER).unwrap()
}

fn seal(payload: &Value) -> String {
    sealer().seal("invitation", payload, HOUR, NOW).unwrap()
}

fn reason(sealer: &Sealer, purpose: &str, text: &str, after: Duration) -> String {
    let opened = sealer.unseal::<Value>(purpose, text, NOW + after);
    opened.map_or_else(|error| error.reason().to_owned(), |payload| payload.to_string())
}

/// Signs a payload under the sealer's own key, as only this crate can.
fn forged(typ: &'static str, payload: &Value) -> String {
    let keys = crate::token::sealed::derived(&KeySet::new(secret_key()).unwrap()).unwrap();
    Envelope::new(typ, 64 * 1024, keys).seal(payload.to_string().as_bytes()).unwrap()
}

fn good() -> Value {
    let (iat, exp) = (NOW.unix(), NOW.unix() + 3600);
    json!({ "iss": ISSUER, "aud": "invitation", "iat": iat, "exp": exp, "jti": "1", "payload": 1 })
}

#[test]
fn every_payload_comes_back_as_it_was_sealed() {
    for payload in
        [json!(null), json!(""), json!({ "a": [1, -1, 1.5, true] }), json!("\u{0}é\"\\"), json!([])]
    {
        assert_eq!(reason(&sealer(), "invitation", &seal(&payload), Duration::ZERO), payload.to_string());
    }
    let large = BTreeMap::from([(u64::MAX, u128::MAX)]);
    let text = sealer().seal("large", &large, HOUR, NOW).unwrap();
    assert_eq!(sealer().unseal::<BTreeMap<u64, u128>>("large", &text, NOW).unwrap(), large);
}

/// Row 180.
#[test]
fn a_text_opens_for_its_purpose_and_its_time_alone() {
    let text = seal(&json!(7));
    for (purpose, after, expected) in [
        ("invitation", Duration::ZERO, "7"),
        ("invitation", HOUR - SECOND, "7"),
        ("invitation", HOUR, "expired"),
        ("invitation", 1000 * HOUR, "expired"),
        ("Invitation", Duration::ZERO, "other_purpose"),
        ("invitation ", Duration::ZERO, "other_purpose"),
        ("", Duration::ZERO, "other_purpose"),
        ("reset", HOUR, "other_purpose"),
    ] {
        assert_eq!(reason(&sealer(), purpose, &text, after), expected, "{purpose:?} after {after:?}");
    }
    let wrong_type = sealer().unseal::<Vec<u8>>("invitation", &text, NOW);
    assert!(matches!(wrong_type, Err(UnsealError::Payload(_))));
}

/// Row 180.
#[test]
fn a_text_of_another_key_issuer_or_type_does_not_open() {
    let text = seal(&json!(7));
    let other = sealer_of(KeySet::new(other_secret_key()).unwrap());
    assert_eq!(reason(&other, "invitation", &text, Duration::ZERO), "unknown_key");
    let elsewhere = Sealer::new(&KeySet::new(secret_key()).unwrap(), "https://other.example.com").unwrap();
    assert_eq!(reason(&elsewhere, "invitation", &text, Duration::ZERO), "issuer");
    for typ in ["at+jwt", "rt+jwt", "JWT", "countersign-sealed", ""] {
        assert_eq!(reason(&sealer(), "invitation", &forged(typ, &good()), Duration::ZERO), "type", "{typ}");
    }
    // The secret itself signs nothing that opens.
    let underived = Envelope::new("countersign-sealed+jwt", 8192, KeySet::new(secret_key()).unwrap());
    let text = underived.seal(good().to_string().as_bytes()).unwrap();
    assert_eq!(reason(&sealer(), "invitation", &text, Duration::ZERO), "unknown_key");
}

/// Row 180.
#[test]
fn a_text_with_one_character_changed_does_not_open() {
    let text = seal(&json!({ "team": 7 }));
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let opened = sealer().unseal::<Value>("invitation", str::from_utf8(&changed).unwrap(), NOW);
        assert!(matches!(opened, Err(UnsealError::Invalid(_))), "character {at}");
    }
    for cut in 0..text.len() {
        assert!(sealer().unseal::<Value>("invitation", &text[..cut], NOW).is_err(), "cut at {cut}");
    }
}

#[test]
fn payload_of_another_shape_does_not_open() {
    assert_eq!(reason(&sealer(), "invitation", &forged("countersign-sealed+jwt", &good()), SECOND), "1");
    let without = |member: &str| {
        let mut payload = good();
        payload.as_object_mut().unwrap().remove(member).unwrap();
        payload
    };
    let with = |member: &str, value: Value| {
        let mut payload = good();
        payload[member] = value;
        payload
    };
    for payload in [
        without("iss"),
        without("aud"),
        without("exp"),
        without("iat"),
        without("jti"),
        without("payload"),
        with("aud", json!(["invitation"])),
        with("exp", json!("tomorrow")),
        with("exp", json!(1.5e9)),
        with("sub", json!("7")),
        json!([]),
        json!([ISSUER, "invitation", NOW.unix() + 9, 1, "1", 1]),
    ] {
        let text = forged("countersign-sealed+jwt", &payload);
        assert_eq!(reason(&sealer(), "invitation", &text, Duration::ZERO), "payload", "{payload}");
    }
    let twice = good().to_string().replacen("\"aud\"", "\"aud\":\"reset\",\"aud\"", 1);
    let keys = crate::token::sealed::derived(&KeySet::new(secret_key()).unwrap()).unwrap();
    let text = Envelope::new("countersign-sealed+jwt", 8192, keys).seal(twice.as_bytes()).unwrap();
    assert_eq!(reason(&sealer(), "invitation", &text, Duration::ZERO), "payload");
}

#[test]
fn what_could_not_be_opened_is_not_sealed() {
    let seal = |purpose: &str, payload: &Value, ttl| sealer().seal(purpose, payload, ttl, NOW).unwrap_err();
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    assert!(matches!(seal("", &json!(1), HOUR), SealError::Purpose));
    assert!(matches!(seal("a\n", &json!(1), HOUR), SealError::Purpose));
    assert!(matches!(seal(&"a".repeat(129), &json!(1), HOUR), SealError::Purpose));
    assert!(matches!(seal("a", &json!(1), Duration::from_millis(999)), SealError::Ttl));
    assert!(matches!(seal("a", &json!(1), 367 * 24 * HOUR), SealError::Ttl));
    assert!(matches!(seal("a", &json!("x".repeat(8192)), HOUR), SealError::TooLong));
    assert!(matches!(seal("a", &deep, HOUR), SealError::Payload(_)));
    let no_json = BTreeMap::from([(vec![1], 1)]);
    assert!(matches!(sealer().seal("a", &no_json, HOUR, NOW), Err(SealError::Payload(_))));
}

/// Row 28.
#[test]
fn a_replaced_secret_ends_what_it_sealed_once_it_is_no_longer_accepted() {
    let sealer = sealer();
    let text = sealer.seal("invitation", &7, HOUR, NOW).unwrap();
    let next = || KeySet::new(other_secret_key()).unwrap();
    sealer.replace_secrets(&next().accept(secret_key()).unwrap()).unwrap();
    assert_eq!(reason(&sealer, "invitation", &text, Duration::ZERO), "7");
    sealer.replace_secrets(&next()).unwrap();
    assert_eq!(reason(&sealer, "invitation", &text, Duration::ZERO), "unknown_key");
}

#[test]
fn only_secrets_that_sign_seal() {
    let secrets = KeySet::verify_only([secret_key()]).unwrap();
    assert_eq!(Sealer::new(&secrets, ISSUER).unwrap_err(), KeyError::CannotSign);
    let pem = include_str!("../testdata/test_key_p256.pem");
    let asymmetric = KeySet::new(Key::from_private_pem(Algorithm::Es256, pem).unwrap()).unwrap();
    let refused = Sealer::new(&asymmetric, ISSUER).unwrap_err();
    assert_eq!(refused, KeyError::AlgorithmOfOtherKind(Algorithm::Es256));
}

/// Row 30.
#[test]
fn debug_output_and_header_show_nothing_of_the_key() {
    let keys = crate::token::sealed::derived(&KeySet::new(secret_key()).unwrap()).unwrap();
    let derived = URL_SAFE_NO_PAD.encode(keys.keys()[0].secret().unwrap());
    let text = seal(&json!(7));
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap()).unwrap();
    for shown in [header, format!("{:?}", sealer())] {
        assert!(!shown.contains(&derived[..8]), "{shown}");
    }
}
