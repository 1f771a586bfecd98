//! Rows 31 to 38: the registered claims and the type.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{
    AUDIENCE, ISSUER, NOW, User, forged, header, outcome, outcome_of_claim, outcome_of_header, payload,
    secret_key, settings, stamp, tokens, user, with,
};
use crate::token::{AccessTokens, KeySet, SettingsError, TokenSettings};

fn tokens_with(settings: TokenSettings) -> AccessTokens {
    AccessTokens::new(KeySet::new(secret_key()).unwrap(), settings).unwrap()
}

fn outcome_with(settings: TokenSettings, name: &str, value: Value) -> &'static str {
    let payload = with(payload(), name, Some(value)).to_string();
    outcome(&tokens_with(settings), forged(&secret_key(), header().to_string(), payload))
}

fn ill_typed_times() -> [Value; 9] {
    [
        json!(null),
        json!("1800000900"),
        json!(-1),
        json!(1e30),
        json!(1_800_000_900.5),
        json!([1_800_000_900]),
        json!({}),
        json!(true),
        json!(u64::MAX),
    ]
}

/// Row 31.
#[test]
fn expiry_has_to_be_there_well_formed_and_to_come() {
    assert_eq!(outcome_of_claim("exp", None), "missing_claim");
    for value in ill_typed_times() {
        assert_eq!(outcome_of_claim("exp", Some(value)), "invalid_claim");
    }
    for past in [0, 1, NOW.unix() - 86_400, NOW.unix() - 61] {
        assert_eq!(outcome_of_claim("exp", Some(json!(past))), "expired");
    }
}

/// Row 32.
#[test]
fn leeway_is_a_minute_and_can_be_taken_away() {
    assert_eq!(outcome_of_claim("exp", Some(json!(NOW.unix() - 61))), "expired");
    assert_eq!(outcome_of_claim("exp", Some(json!(NOW.unix() - 60))), "expired");
    assert_eq!(outcome_of_claim("exp", Some(json!(NOW.unix() - 59))), "accepted");

    let strict = || settings().leeway(Duration::ZERO);
    assert_eq!(outcome_with(strict(), "exp", json!(NOW.unix())), "expired");
    assert_eq!(outcome_with(strict(), "exp", json!(NOW.unix() + 1)), "accepted");
    assert_eq!(outcome_with(strict(), "nbf", json!(NOW.unix() + 1)), "not_yet_valid");
    assert_eq!(outcome_with(strict(), "iat", json!(NOW.unix() + 1)), "issued_in_future");

    let keys = || KeySet::new(secret_key()).unwrap();
    let lax = settings().leeway(Duration::from_secs(301));
    assert_eq!(AccessTokens::new(keys(), lax).unwrap_err(), SettingsError::LeewayTooLong);
    assert!(AccessTokens::new(keys(), settings().leeway(Duration::from_secs(300))).is_ok());
}

/// Row 33.
#[test]
fn token_before_its_start_is_refused() {
    assert_eq!(outcome_of_claim("nbf", Some(json!(NOW.unix() + 61))), "not_yet_valid");
    assert_eq!(outcome_of_claim("nbf", Some(json!(NOW.unix() + 60))), "accepted");
    assert_eq!(outcome_of_claim("nbf", None), "accepted");
    for value in ill_typed_times() {
        assert_eq!(outcome_of_claim("nbf", Some(value)), "invalid_claim");
    }
}

/// Row 34.
#[test]
fn time_of_issue_has_to_be_there_past_and_recent() {
    assert_eq!(outcome_of_claim("iat", None), "missing_claim");
    for value in ill_typed_times() {
        assert_eq!(outcome_of_claim("iat", Some(value)), "invalid_claim");
    }
    assert_eq!(outcome_of_claim("iat", Some(json!(NOW.unix() + 61))), "issued_in_future");
    assert_eq!(outcome_of_claim("iat", Some(json!(NOW.unix() + 60))), "accepted");

    let young = || settings().max_age(Duration::from_secs(600)).leeway(Duration::from_secs(10));
    assert_eq!(outcome_with(young(), "iat", json!(NOW.unix() - 610)), "accepted");
    assert_eq!(outcome_with(young(), "iat", json!(NOW.unix() - 611)), "too_old");
    assert_eq!(outcome_of_claim("iat", Some(json!(0))), "accepted", "no limit unless configured");
}

/// Row 35.
#[test]
fn issuer_has_to_be_the_configured_one() {
    assert_eq!(outcome_of_claim("iss", None), "missing_claim");
    for value in [json!(7), json!(null), json!([ISSUER]), json!({}), json!(true)] {
        assert_eq!(outcome_of_claim("iss", Some(value)), "invalid_claim");
    }
    for other in
        [format!("{ISSUER}/"), ISSUER.to_uppercase(), String::new(), "https://attacker.example".to_owned()]
    {
        assert_eq!(outcome_of_claim("iss", Some(json!(other))), "issuer");
    }
}

/// Row 36.
#[test]
fn audience_has_to_name_us() {
    assert_eq!(outcome_of_claim("aud", None), "missing_claim");
    for value in [
        json!(null),
        json!(7),
        json!({}),
        json!([7]),
        json!([AUDIENCE, 7]),
        json!([[AUDIENCE]]),
        json!([null]),
    ] {
        assert_eq!(outcome_of_claim("aud", Some(value)), "invalid_claim");
    }
    for value in [
        json!("https://other.example"),
        json!(format!("{AUDIENCE}/")),
        json!(""),
        json!([]),
        json!(["a", "b"]),
    ] {
        assert_eq!(outcome_of_claim("aud", Some(value)), "audience");
    }
}

/// Row 37.
#[test]
fn audience_may_name_others_too() {
    assert_eq!(outcome_of_claim("aud", Some(json!(["https://other.example", AUDIENCE]))), "accepted");
    assert_eq!(outcome_of_claim("aud", Some(json!([AUDIENCE]))), "accepted");

    let two = || settings().audience("https://files.example.com");
    assert_eq!(outcome_with(two(), "aud", json!("https://files.example.com")), "accepted");
    let token = tokens_with(two()).mint(&stamp(), &user()).unwrap();
    assert_eq!(outcome(&tokens(), token), "accepted", "an array that holds ours");
}

/// Row 38.
#[test]
fn type_has_to_be_that_of_access_tokens() {
    assert_eq!(outcome_of_header("typ", None), "type");
    for other in [
        "JWT",
        "rt+jwt",
        "at",
        "jwt",
        "",
        "application/jwt",
        "text/at+jwt",
        "at+jwt+x",
        "application/",
        "dpop+jwt",
    ] {
        assert_eq!(outcome_of_header("typ", Some(json!(other))), "type", "{other}");
    }
    for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(outcome_of_header("typ", Some(json!(same))), "accepted");
    }
    for value in [json!(null), json!(["at+jwt"]), json!(1)] {
        assert_eq!(outcome_of_header("typ", Some(value)), "header");
    }
}

#[test]
fn ids_of_token_and_session_and_time_of_sign_in_are_required() {
    for name in ["jti", "sid", "auth_time", "sub"] {
        assert_ne!(outcome_of_claim(name, None), "accepted");
        for value in [json!(null), json!([]), json!({}), json!(true)] {
            assert_ne!(outcome_of_claim(name, Some(value)), "accepted");
        }
    }
    for value in ill_typed_times() {
        assert_eq!(outcome_of_claim("auth_time", Some(value)), "invalid_claim");
    }
    assert_eq!(outcome_of_claim("client_id", Some(json!(7))), "invalid_claim");
}

#[test]
fn expired_token_is_good_for_signing_out_and_for_nothing_else_it_is_not() {
    let tokens = tokens();
    let later = NOW + Duration::from_secs(86_400);
    let token = tokens.mint(&stamp(), &user()).unwrap();
    assert_eq!(tokens.verify::<User>(token.as_bytes(), later).unwrap_err().reason(), "expired");
    assert_eq!(tokens.verify_expired::<User>(token.as_bytes(), later).unwrap().session_id, "session-1");

    for (name, value, reason) in [
        ("iss", Some(json!("https://attacker.example")), "issuer"),
        ("aud", Some(json!([])), "audience"),
        ("nbf", Some(json!(later.unix() + 61)), "not_yet_valid"),
        ("iat", Some(json!(later.unix() + 61)), "issued_in_future"),
        ("exp", None, "missing_claim"),
        ("exp", Some(json!("x")), "invalid_claim"),
    ] {
        let token = forged(&secret_key(), header().to_string(), with(payload(), name, value).to_string());
        assert_eq!(tokens.verify_expired::<User>(token.as_bytes(), later).unwrap_err().reason(), reason);
    }
    let mut forged = token.into_bytes();
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(tokens.verify_expired::<User>(&forged, later).unwrap_err().reason(), "signature");
}

#[test]
fn empty_and_absurd_settings_are_refused() {
    let refused = |settings: TokenSettings| {
        AccessTokens::new(KeySet::new(secret_key()).unwrap(), settings).unwrap_err()
    };
    assert_eq!(refused(TokenSettings::new("", AUDIENCE)), SettingsError::EmptyIssuer);
    assert_eq!(refused(TokenSettings::new(ISSUER, "")), SettingsError::EmptyAudience);
    assert_eq!(refused(settings().audience("")), SettingsError::EmptyAudience);
    assert_eq!(refused(settings().client_id("")), SettingsError::EmptyClientId);
    assert_eq!(refused(settings().max_len(511)), SettingsError::LengthLimit);
    assert_eq!(refused(settings().max_len(usize::MAX)), SettingsError::LengthLimit);
}
