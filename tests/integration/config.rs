//! The configurations that `build()` refuses, so that no mistake shows up later.

use std::time::Duration;

use axum::http::{StatusCode, header};
use countersign::session::{Lifetimes, Rotation};
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::token::{Algorithm, Key, KeyError, KeySet};
use countersign::{Auth, ConfigError};
use jsonwebtoken::Header;
use serde_json::json;

use crate::support::{
    ACCESS_SECRET, AUDIENCE, App, NOW, REFRESH_SECRET, SECOND, User, access_header, builder, forge,
    forge_with, key, payload, payload_of, payload_with,
};

const NEW_SECRET: &[u8] = b"MhSH3wKMjdRhZdyknU0Vj21Yj8IiDY4VD0jK2sKejZrMbPVz";

fn strict() -> Rotation {
    Rotation::Always { window: Duration::ZERO }
}

fn clock() -> TestClock {
    TestClock::at(NOW)
}

#[test]
fn each_missing_setting_is_named() {
    let empty = Auth::<User>::builder;
    let with_keys = || empty().access_key(key(ACCESS_SECRET)).refresh_key(key(REFRESH_SECRET));
    let named = || with_keys().issuer("https://issuer.test").audience("a");
    let all = ["access_key", "refresh_key", "issuer", "audience", "store", "claims_source"];
    for (incomplete, missing) in [
        (empty(), &all[..]),
        (empty().access_key(key(ACCESS_SECRET)), &all[1..]),
        (with_keys(), &all[2..]),
        (with_keys().issuer("https://issuer.test"), &all[3..]),
        (named(), &all[4..]),
        (named().store(MemoryStore::new()), &all[5..]),
    ] {
        let error = incomplete.build().unwrap_err();
        let settings = error.problems().iter().map(|problem| match problem {
            ConfigError::Missing { setting } => *setting,
            other => panic!("{other}"),
        });
        assert_eq!(settings.collect::<Vec<_>>(), missing);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let error = builder(&clock())
        .issuer("issuer")
        .realm("\"")
        .access_ttl(Duration::ZERO)
        .leeway(Duration::from_secs(301))
        .max_token_len(1)
        .max_sessions_per_user(0)
        .touch_interval(Duration::ZERO)
        .live_cache(Duration::ZERO, 0)
        .refresh_key(key(ACCESS_SECRET).with_kid("k2").unwrap())
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(error.problems().len(), 9, "{text}");
    for told in [
        "`issuer`",
        "realm",
        "`access_ttl`",
        "leeway",
        "512 bytes",
        "zero sessions",
        "touch interval",
        "live cache",
        "share a key",
    ] {
        assert_eq!(text.lines().filter(|line| line.contains(told)).count(), 1, "{told}: {text}");
    }
}

/// Row 19.
#[test]
fn short_secrets_are_refused() {
    for (algorithm, bytes) in [(Algorithm::Hs256, 31), (Algorithm::Hs384, 47), (Algorithm::Hs512, 63)] {
        let secret: Vec<u8> = (0..bytes).map(|byte: u8| byte.wrapping_mul(37) ^ (byte >> 3)).collect();
        assert!(Key::from_secret(algorithm, &secret).is_err());
        assert!(Key::from_secret(algorithm, [&secret[..], b"x"].concat()).is_ok());
    }
    assert!(Key::from_secret(Algorithm::Hs256, "").is_err());
}

/// Row 20.
#[test]
fn well_known_secrets_are_refused() {
    for secret in
        ["a-string-secret-at-least-256-bits-long", "00000000000000000000000000000000", &"secret".repeat(8)]
    {
        assert!(Key::from_secret(Algorithm::Hs256, secret).is_err(), "{secret}");
    }
}

/// Row 24.
#[test]
fn key_set_with_two_keys_of_one_name_is_refused() {
    let set = KeySet::new(key(ACCESS_SECRET)).unwrap();
    assert!(set.accept(key(REFRESH_SECRET)).is_err());
}

#[test]
fn one_secret_for_both_kinds_of_token_is_refused() {
    let shared = builder(&clock()).refresh_key(key(ACCESS_SECRET).with_kid("k2").unwrap());
    assert!(matches!(shared.build(), Err(ConfigError::SameKey)));
}

#[test]
fn contradictory_times_are_refused() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let window = |window| Rotation::Always { window };
    assert!(matches!(builder(&clock()).access_ttl(Duration::ZERO).build(), Err(ConfigError::AccessTtl)));
    assert!(matches!(
        builder(&clock()).access_ttl(minutes(60 * 24 * 31)).build(),
        Err(ConfigError::AccessTtl)
    ));
    assert!(matches!(builder(&clock()).leeway(minutes(6)).build(), Err(ConfigError::Tokens(_))));
    assert!(matches!(
        builder(&clock()).access_ttl(minutes(1)).rotation(window(minutes(1))).build(),
        Err(ConfigError::Window)
    ));
    assert!(matches!(builder(&clock()).rotation(window(minutes(6))).build(), Err(ConfigError::Sessions(_))));
    assert!(matches!(builder(&clock()).max_sessions_per_user(0).build(), Err(ConfigError::Sessions(_))));
    let lifetimes = Lifetimes::new(minutes(200), minutes(100));
    assert!(matches!(builder(&clock()).lifetimes(lifetimes).build(), Err(ConfigError::Sessions(_))));
}

/// Bounds are met exactly, and passed by the smallest step.
#[test]
fn access_lifetime_has_bounds() {
    let day = SECOND * 86_400;
    let builds = |access_ttl, idle_ttl| {
        let lifetimes = Lifetimes::new(idle_ttl, day * 90);
        match builder(&clock()).access_ttl(access_ttl).lifetimes(lifetimes).rotation(strict()).build() {
            Ok(_) => true,
            Err(ConfigError::AccessTtl) => false,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(!builds(Duration::from_millis(999), day));
    assert!(builds(SECOND, day));
    assert!(builds(day, day * 2));
    assert!(!builds(day + Duration::from_nanos(1), day * 2));
    assert!(builds(SECOND * 100, SECOND * 100));
    assert!(!builds(SECOND * 101, SECOND * 100));
}

#[test]
fn window_is_shorter_than_the_access_lifetime() {
    let builds = |window| {
        let rotation = Rotation::Always { window };
        builder(&clock()).access_ttl(SECOND * 60).rotation(rotation).build().is_ok()
    };
    assert!(builds(SECOND * 59));
    assert!(!builds(SECOND * 60));
}

#[test]
fn keys_that_only_verify_are_refused_for_a_server_that_signs() {
    let verifiers = || KeySet::verify_only([key(ACCESS_SECRET)]).unwrap();
    let refused = builder(&clock()).access_keys(verifiers()).build();
    assert!(matches!(refused, Err(ConfigError::Key(KeyError::CannotSign))), "{refused:?}");
    let auth = builder(&clock()).build().unwrap();
    let refused = auth.replace_access_keys(verifiers());
    assert!(matches!(refused, Err(ConfigError::Key(KeyError::CannotSign))), "{refused:?}");
}

/// Row 28: the first of a set signs, every one verifies.
#[tokio::test]
async fn set_of_keys_signs_with_its_first_and_accepts_the_others() {
    let new = || key(NEW_SECRET).with_kid("k2").unwrap();
    let set = KeySet::new(new()).unwrap().accept(key(ACCESS_SECRET)).unwrap();
    let app = App::with(|builder| builder.access_keys(set));
    assert_eq!(app.get("/me", Some(&forge(&payload()))).await.status, 200);
    let pair = app.login(&[]).await;
    let header: Header = jsonwebtoken::decode_header(&pair.access_token).unwrap();
    assert_eq!(header.kid.as_deref(), Some("k2"));
}

/// Rows 36 and 43.
#[tokio::test]
async fn every_audience_is_written_and_accepted_and_the_client_is_named() {
    let app = App::with(|builder| builder.audience("https://files.test").client_id("web"));
    let payload = payload_of(&app.login(&[]).await.access_token);
    assert_eq!(payload["aud"], json!([AUDIENCE, "https://files.test"]));
    assert_eq!(payload["client_id"], "web");
    for audience in [AUDIENCE, "https://files.test"] {
        let token = forge(&payload_with("aud", json!(audience)));
        assert_eq!(app.get("/me", Some(&token)).await.status, 200);
    }
}

#[tokio::test]
async fn token_over_the_configured_length_is_refused() {
    let app = App::with(|builder| builder.max_token_len(1000));
    let token = |length| forge(&payload_with("name", json!("x".repeat(length))));
    assert!(token(100).len() < 1000 && token(800).len() > 1000);
    assert_eq!(app.get("/me", Some(&token(100))).await.status, 200);
    app.get("/me", Some(&token(800))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 68.
#[tokio::test]
async fn realm_of_the_configuration_is_in_challenges() {
    let app = App::with(|builder| builder.realm("members"));
    let answer = app.get("/me", None).await;
    assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some("Bearer realm=\"members\""));
}

/// Each message ends with the remedy, and none shows a value.
#[test]
fn messages_name_the_remedy() {
    let error = builder(&clock()).access_ttl(Duration::ZERO).build().unwrap_err();
    assert!(error.to_string().ends_with("change `access_ttl`"), "{error}");
    let error = Auth::<User>::builder().build().unwrap_err();
    for problem in error.problems() {
        let ConfigError::Missing { setting } = problem else { panic!("{problem}") };
        assert_eq!(problem.to_string(), format!("nothing was passed to `{setting}`: call it before `build`"));
    }
    assert!(
        error.to_string().starts_with("the configuration has 6 problems:\n- nothing was passed"),
        "{error}"
    );
}

/// Row 28.
#[tokio::test]
async fn key_rotation_needs_no_restart() {
    let app = App::new();
    let old = app.login(&[]).await.access_token;
    let new_key = || key(NEW_SECRET).with_kid("k2").unwrap();
    let status = async |token: &str| app.get("/me", Some(token)).await.status.as_u16();

    app.auth
        .replace_access_keys(KeySet::new(new_key()).unwrap().accept(key(ACCESS_SECRET)).unwrap())
        .unwrap();
    assert_eq!(status(&old).await, 200);
    let new = app.login(&[]).await.access_token;
    app.auth.replace_access_keys(KeySet::new(new_key()).unwrap()).unwrap();
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
}

/// The refresh key cannot become an access key later.
#[tokio::test]
async fn refresh_secret_is_refused_as_a_new_access_key() {
    let app = App::new();
    let old = app.login(&[]).await.access_token;
    let refused = app.auth.replace_access_keys(KeySet::new(key(REFRESH_SECRET)).unwrap());
    assert!(matches!(refused, Err(ConfigError::SameKey)), "{refused:?}");
    assert_eq!(app.get("/me", Some(&old)).await.status, 200, "the old keys stay in use");
    let forged = forge_with(&access_header(), &payload(), REFRESH_SECRET);
    assert_eq!(app.get("/me", Some(&forged)).await.status, 401);
}
