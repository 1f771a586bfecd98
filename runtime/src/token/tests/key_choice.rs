//! Rows 25 to 28: the key that a header names, and that the fast path finds the same one.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use super::kit::{
    base64, forged, header, minted, other_secret_key, outcome, outcome_of_header, payload, secret_key,
    settings, stamp, tokens, user, verifications, with,
};
use crate::token::{AccessTokens, KeySet};

fn two_keys() -> AccessTokens {
    AccessTokens::new(KeySet::new(secret_key()).unwrap().accept(other_secret_key()).unwrap(), settings())
        .unwrap()
}

/// Row 25.
#[test]
fn unknown_key_id_is_refused_without_cryptography() {
    for kid in ["k3", "K1", "k1 ", "", "k"] {
        let counted = verifications(|| assert_eq!(outcome_of_header("kid", Some(json!(kid))), "unknown_key"));
        assert_eq!(counted, 0);
    }
    for kid in [json!(null), json!(1), json!(["k1"])] {
        assert_eq!(outcome_of_header("kid", Some(kid)), "header");
    }
}

/// Row 25.
#[test]
fn key_id_may_only_be_missing_when_there_is_one_key() {
    let header = with(header(), "kid", None).to_string();
    let token = forged(&secret_key(), header, payload().to_string());
    assert_eq!(outcome(&tokens(), &token), "accepted");
    assert_eq!(outcome(&two_keys(), &token), "unknown_key");
}

/// Row 25.
#[test]
fn key_id_of_one_key_does_not_admit_the_signature_of_another() {
    let token = forged(&other_secret_key(), header().to_string(), payload().to_string());
    assert_eq!(outcome(&two_keys(), token), "signature");
}

/// Row 26.
#[test]
fn hostile_key_id_is_only_compared() {
    for kid in [
        "../../dev/null",
        "/etc/passwd",
        "k1' OR '1'='1",
        "'; DROP TABLE keys; --",
        "https://attacker.example/jwks.json",
        "k1\0",
        "|cat /etc/passwd",
        &"k".repeat(4000),
    ] {
        assert_eq!(outcome_of_header("kid", Some(json!(kid))), "unknown_key");
    }
    assert_eq!(outcome_of_header("kid", Some(json!("k".repeat(10 * 1024)))), "too_long");
}

/// Row 27. The members are not read at all, so nothing can be fetched.
#[test]
fn keys_in_the_header_are_ignored() {
    let own = json!({ "kty": "oct", "k": base64(super::kit::OTHER_SECRET), "alg": "HS256", "kid": "k1" });
    for (name, value) in [
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("jwk", own),
        ("x5c", json!(["MIIB"])),
    ] {
        assert_eq!(outcome_of_header(name, Some(value.clone())), "accepted", "the configured key signed it");
        let header = with(header(), name, Some(value)).to_string();
        let token = forged(&other_secret_key(), header, payload().to_string());
        assert_eq!(outcome(&tokens(), token), "signature");
    }
}

/// Row 28.
#[test]
fn rotated_key_is_accepted_while_it_is_in_the_set() {
    let tokens = tokens();
    let old_token = minted();
    assert_eq!(outcome(&tokens, &old_token), "accepted");

    tokens.replace_keys(KeySet::new(other_secret_key()).unwrap().accept(secret_key()).unwrap());
    let new_token = tokens.mint(&stamp(), &user()).unwrap();
    assert_eq!(outcome(&tokens, &old_token), "accepted");
    assert_eq!(outcome(&tokens, &new_token), "accepted");
    assert_eq!(outcome(&super::kit::tokens(), &new_token), "unknown_key", "the new key signs");

    tokens.replace_keys(KeySet::new(other_secret_key()).unwrap());
    assert_eq!(outcome(&tokens, &old_token), "unknown_key");
    assert_eq!(outcome(&tokens, &new_token), "accepted");
}

#[test]
fn keys_stay_usable_after_a_panic_elsewhere() {
    let tokens = std::sync::Arc::new(tokens());
    let poisoned = std::sync::Arc::clone(&tokens);
    let thread = std::thread::spawn(move || poisoned.envelope().panic_with_the_lock());
    assert!(thread.join().is_err());
    assert_eq!(outcome(&tokens, minted()), "accepted");
    tokens.replace_keys(KeySet::new(other_secret_key()).unwrap());
    assert_eq!(outcome(&tokens, minted()), "unknown_key");
}

fn some_header() -> impl Strategy<Value = String> {
    let text = |values: &'static [&'static str]| {
        prop_oneof![
            8 => proptest::sample::select(values).prop_map(|text| Some(json!(text))),
            1 => Just(None),
            1 => Just(Some(json!(7))),
        ]
    };
    let typ = text(&["at+jwt", "AT+JWT", "application/at+jwt", "rt+jwt", "JWT", "at+jwt "]);
    let alg = text(&["HS256", "HS256", "HS256", "HS384", "none", "hs256"]);
    let kid = text(&["k1", "k2", "k1", "k2", "k3"]);
    let extra = proptest::option::weighted(0.2, proptest::sample::select(vec!["crit", "b64", "jku", "note"]));
    (typ, alg, kid, extra, any::<bool>(), any::<u8>()).prop_map(|(typ, alg, kid, extra, spaced, order)| {
        let mut members: Vec<(&str, Value)> =
            [("typ", typ), ("alg", alg), ("kid", kid), ("note2", Some(json!([])))]
                .into_iter()
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .filter(|(name, _)| *name != "note2" || order > 200)
                .collect();
        members.extend(extra.map(|name| (name, json!("x"))));
        let turn = usize::from(order) % members.len().max(1);
        members.rotate_left(turn);
        let gap = if spaced { " " } else { "" };
        let written: Vec<String> =
            members.iter().map(|(name, value)| format!("{gap}\"{name}\":{gap}{value}")).collect();
        format!("{{{}}}", written.join(","))
    })
}

proptest! {
    #[test]
    fn short_cut_and_strict_reading_choose_the_same_key(header in some_header()) {
        for tokens in [tokens(), two_keys()] {
            let segment = base64(&header);
            let (chosen, read) = (tokens.envelope().chosen_kid(&segment), tokens.envelope().kid_by_reading(&segment));
            prop_assert_eq!(chosen.map_err(|error| error.reason()), read.map_err(|error| error.reason()));
        }
    }

    #[test]
    fn header_that_was_changed_anywhere_is_judged_alike(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let tokens = two_keys();
        for prepared in tokens.envelope().prepared_headers() {
            let mut changed = prepared.clone();
            let at = at.index(changed.len());
            changed.replace_range(at..=at, &to);
            let chosen = tokens.envelope().chosen_kid(&changed).map_err(|error| error.reason());
            let read = tokens.envelope().kid_by_reading(&changed).map_err(|error| error.reason());
            prop_assert_eq!(chosen, read);
        }
    }

    #[test]
    fn header_we_write_for_any_key_id_is_read_back(kid in "\\PC{1,32}") {
        let key = secret_key().with_kid(kid.clone()).unwrap();
        let tokens = super::kit::tokens_of(key);
        for prepared in tokens.envelope().prepared_headers() {
            prop_assert!(tokens.envelope().kid_by_reading(&prepared).unwrap() == kid);
            prop_assert!(tokens.envelope().chosen_kid(&prepared).unwrap() == kid);
        }
    }
}
