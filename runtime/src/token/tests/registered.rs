//! Rows 31 to 38: the registered claims and the type.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::{
    AUDIENCE, ISSUER, NOW, forged, header, outcome, outcome_of_claim, outcome_of_header, payload, secret_key,
    settings, stamp, tokens, user, with,
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

/// The result of reading the session of a token, which does not depend on the time.
fn session_of(payload: impl AsRef<[u8]>) -> Result<String, &'static str> {
    let token = forged(&secret_key(), header().to_string(), payload);
    tokens().session_id_of(token.as_bytes()).map_err(|error| error.reason())
}

/// Row 93.
#[test]
fn session_is_named_whatever_the_time_and_the_claims_of_the_application() {
    assert_eq!(session_of(payload().to_string()).unwrap(), "session-1");
    for (name, value) in [
        ("exp", Some(json!(1))),
        ("iat", Some(json!(NOW.unix() + 1_000_000))),
        ("nbf", Some(json!(NOW.unix() + 1_000_000))),
        ("auth_time", None),
        ("email", None),
        ("email", Some(json!({ "of": ["another", "release"] }))),
        ("roles", Some(json!("unknown"))),
        ("sub", Some(json!({}))),
    ] {
        assert_eq!(session_of(with(payload(), name, value).to_string()).unwrap(), "session-1", "{name}");
    }
}

/// Row 93.
#[test]
fn session_is_named_by_no_token_that_is_not_ours() {
    for (name, value, reason) in [
        ("iss", Some(json!("https://attacker.example")), "issuer"),
        ("aud", Some(json!([])), "audience"),
        ("exp", None, "missing_claim"),
        ("exp", Some(json!("x")), "invalid_claim"),
        ("sub", None, "missing_claim"),
        ("sid", None, "missing_claim"),
        ("sid", Some(json!(7)), "invalid_claim"),
    ] {
        assert_eq!(session_of(with(payload(), name, value).to_string()).unwrap_err(), reason, "{name}");
    }
    let extended = |members: &str| payload().to_string().replacen('{', &format!("{{{members},"), 1);
    assert_eq!(session_of(extended(r#""sid":"session-2""#)).unwrap_err(), "duplicate_claim");
    assert_eq!(session_of(extended(r#""email":"x""#)).unwrap_err(), "duplicate_claim");
    assert_eq!(
        session_of(extended(&format!(r#""x":{}{}"#, "[".repeat(40), "]".repeat(40)))).unwrap_err(),
        "payload"
    );
    assert_eq!(session_of(extended(r#""x":nonsense"#)).unwrap_err(), "payload");

    let of_type = |typ: &str| {
        let header = with(header(), "typ", Some(json!(typ))).to_string();
        tokens().session_id_of(forged(&secret_key(), header, payload().to_string()).as_bytes())
    };
    assert_eq!(of_type("rt+jwt").unwrap_err().reason(), "type");
    let mut forged = tokens().mint(&stamp(), &user()).unwrap().into_bytes();
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(tokens().session_id_of(&forged).unwrap_err().reason(), "signature");
}

#[test]
fn empty_and_absurd_settings_are_refused() {
    let refused = |settings: TokenSettings| {
        AccessTokens::new(KeySet::new(secret_key()).unwrap(), settings).unwrap_err()
    };
    for blank in ["", " ", "\t\r\n", "\u{a0}\u{2003}"] {
        assert_eq!(refused(TokenSettings::new(blank, AUDIENCE)), SettingsError::EmptyIssuer);
        assert_eq!(refused(TokenSettings::new(ISSUER, blank)), SettingsError::EmptyAudience);
        assert_eq!(refused(settings().audience(blank)), SettingsError::EmptyAudience);
        assert_eq!(refused(settings().client_id(blank)), SettingsError::EmptyClientId);
    }
    assert_eq!(refused(settings().max_len(511)), SettingsError::LengthLimit);
    assert_eq!(refused(settings().max_len(usize::MAX)), SettingsError::LengthLimit);
}
