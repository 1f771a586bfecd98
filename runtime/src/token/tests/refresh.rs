//! Refresh tokens and the identifiers that are derived from them (rows 39 and 88).

use std::collections::HashSet;
use std::time::Duration;

use super::kit::{NOW, OTHER_SECRET, SECRET, base64, forged, other_secret_key, secret_key, settings};
use crate::token::{
    Algorithm, Key, RefreshStamp, RefreshTokens, TokenSettings, random_id, random_session_id,
};

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
    assert!(refresh.verify_expired(token.as_bytes(), NOW + Duration::from_secs(10_000)).is_ok());
    let early = refresh.verify_expired(token.as_bytes(), NOW - Duration::from_secs(61));
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
        refresh.derived_access_id("s", "p"),
        refresh.derived_access_id("s", "q"),
        other.successor_id("s", "p"),
        other.derived_access_id("s", "p"),
    ];
    assert!(ids.iter().all(|id| id.len() == 43));
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert_eq!(refresh.successor_id("s", "p"), super::refresh::refresh().successor_id("s", "p"));
}

/// The name of the key does not enter, so that it can be renamed without ending sessions.
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
    assert_eq!(random_session_id().unwrap().len(), base64([0; 16]).len());
}
