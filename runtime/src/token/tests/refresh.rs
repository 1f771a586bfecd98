//! Refresh tokens and the identifiers that are derived from them (rows 39 and 88).

use std::collections::HashSet;
use std::time::Duration;

use super::kit::{NOW, OTHER_SECRET, SECRET, base64, forged, other_secret_key, secret_key, settings};
use crate::token::{Algorithm, Key, RefreshStamp, RefreshTokens, SettingsError, TokenSettings, random_id};

fn refresh() -> RefreshTokens {
    RefreshTokens::new(secret_key(), settings()).unwrap()
}

fn stamp() -> RefreshStamp<'static> {
    RefreshStamp::new("7", "refresh-1", "session-1", NOW, NOW + Duration::from_secs(3600))
}

#[test]
fn refresh_token_comes_back_as_it_was_made() {
    let token = refresh().mint(&stamp()).unwrap();
    let ticket = refresh().verify(token.as_bytes(), NOW).unwrap();
    assert_eq!(
        (ticket.subject.as_str(), ticket.id.as_str(), ticket.session_id.as_str()),
        ("7", "refresh-1", "session-1")
    );
    assert_eq!((ticket.issued_at, ticket.expires_at), (NOW, stamp().expires_at));
}

/// Row 77.
#[test]
fn same_stamp_gives_the_same_bytes() {
    assert_eq!(refresh().mint(&stamp()).unwrap(), refresh().mint(&stamp()).unwrap());
    let mut later = stamp();
    later.issued_at = NOW + Duration::from_secs(1);
    assert_ne!(refresh().mint(&stamp()).unwrap(), refresh().mint(&later).unwrap());
}

#[test]
fn refresh_token_is_checked_like_an_access_token() {
    let refresh = refresh();
    let token = refresh.mint(&stamp()).unwrap();
    let reason = |token: &str, after: u64| {
        refresh.verify(token.as_bytes(), NOW + Duration::from_secs(after)).unwrap_err().reason()
    };
    assert_eq!(reason(&token, 3661), "expired");
    let early = refresh.verify(token.as_bytes(), NOW - Duration::from_secs(61));
    assert_eq!(early.unwrap_err().reason(), "issued_in_future");

    let elsewhere =
        |settings: TokenSettings| RefreshTokens::new(secret_key(), settings).unwrap().mint(&stamp()).unwrap();
    assert_eq!(
        reason(&elsewhere(TokenSettings::new("https://other.example", super::kit::AUDIENCE)), 0),
        "issuer"
    );
    assert_eq!(
        reason(&elsewhere(TokenSettings::new(super::kit::ISSUER, "https://other.example")), 0),
        "audience"
    );
    let foreign = RefreshTokens::new(other_secret_key(), settings()).unwrap().mint(&stamp()).unwrap();
    assert_eq!(reason(&foreign, 0), "unknown_key");
    let header = r#"{"typ":"rt+jwt","alg":"HS256","kid":"k1"}"#;
    assert_eq!(reason(&forged(&other_secret_key(), header, "{}"), 0), "signature");
    assert_eq!(reason(&forged(&secret_key(), header, r#"{"sub":"7"}"#), 0), "missing_claim");
}

/// Row 93.
#[test]
fn session_is_named_by_our_refresh_token_whatever_the_time() {
    let session_of = |token: &str| refresh().session_id_of(token.as_bytes()).map_err(|error| error.reason());
    let mut expired = stamp();
    expired.expires_at = NOW - Duration::from_secs(86_400);
    let mut early = stamp();
    early.issued_at = NOW + Duration::from_secs(86_400);
    for stamp in [stamp(), expired, early] {
        assert_eq!(session_of(&refresh().mint(&stamp).unwrap()).unwrap(), "session-1");
    }
    let elsewhere = RefreshTokens::new(secret_key(), TokenSettings::new("i", super::kit::AUDIENCE)).unwrap();
    assert_eq!(session_of(&elsewhere.mint(&stamp()).unwrap()).unwrap_err(), "issuer");
    assert_eq!(session_of(&super::kit::minted()).unwrap_err(), "type");
    let header = r#"{"typ":"rt+jwt","alg":"HS256","kid":"k1"}"#;
    assert_eq!(session_of(&forged(&other_secret_key(), header, "{}")).unwrap_err(), "signature");
}

#[test]
fn settings_that_hold_no_refresh_token_are_refused() {
    let of =
        |limit: usize| RefreshTokens::new(secret_key(), settings().audience("a".repeat(600)).max_len(limit));
    assert_eq!(of(512).unwrap_err(), SettingsError::RefreshTokenTooLong);
    let least = (512..8192).find(|limit| of(*limit).is_ok()).unwrap();
    let (uuid, id, session_id) = ("0".repeat(36), random_id().unwrap(), "s".repeat(22));
    let end = NOW + Duration::from_secs(90 * 86_400);
    let token = of(least).unwrap().mint(&RefreshStamp::new(&uuid, &id, &session_id, NOW, end)).unwrap();
    assert!((0..20).contains(&(least - token.len())), "the probe is hardly longer than the real token");
    assert!(RefreshTokens::new(secret_key(), settings().max_len(512)).is_ok());
}

/// Row 101: no user, session or token can be made to look like another of these.
#[test]
fn identifiers_for_different_purposes_differ_for_the_same_inputs() {
    let refresh = refresh();
    let successor = refresh.successor_id("s", "1");
    let access = refresh.derived_access_id("s", "1", NOW);
    let (user, session) = (refresh.pseudonym("user", "s"), refresh.pseudonym("session", "s"));
    assert_ne!(user, session);
    for id in [&successor, &access] {
        assert!(![&user, &session].into_iter().any(|name| id.starts_with(name.as_str())));
    }
    assert_ne!(successor, access);
    // A session could be named like the kind of a pseudonym.
    assert!(!refresh.successor_id("user", "s").starts_with(&user));
}

#[test]
fn derived_ids_depend_on_the_secret_the_purpose_and_every_part() {
    let refresh = refresh();
    let other =
        RefreshTokens::new(Key::from_secret(Algorithm::Hs256, OTHER_SECRET).unwrap(), settings()).unwrap();
    let ids = [
        refresh.successor_id("s", "p"),
        refresh.successor_id("s", "q"),
        refresh.successor_id("t", "p"),
        refresh.successor_id("sp", ""),
        refresh.successor_id("", "sp"),
        refresh.derived_access_id("s", "p", NOW),
        refresh.derived_access_id("s", "q", NOW),
        refresh.derived_access_id("s", "p", NOW + Duration::from_secs(1)),
        other.successor_id("s", "p"),
        other.derived_access_id("s", "p", NOW),
    ];
    assert!(ids.iter().all(|id| id.len() == 43));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert_eq!(refresh.successor_id("s", "p"), super::refresh::refresh().successor_id("s", "p"));
    assert_eq!(refresh.derived_access_id("s", "p", NOW), self::refresh().derived_access_id("s", "p", NOW));
}

/// Identifiers do not depend on the id of the key, so that it can be renamed without ending sessions.
#[test]
fn derived_ids_are_a_function_of_the_secret_alone() {
    let renamed =
        RefreshTokens::new(Key::from_secret(Algorithm::Hs256, SECRET).unwrap(), settings()).unwrap();
    assert_eq!(renamed.successor_id("s", "p"), refresh().successor_id("s", "p"));
}

/// Row 88.
#[test]
fn random_ids_have_their_full_length_and_differ() {
    let ids: HashSet<String> = (0..100).map(|_| random_id().unwrap()).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.len() == base64([0; 32]).len()));
}
