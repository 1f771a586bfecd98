//! What `build()` refuses, so that nothing is found out later.

use std::time::Duration;

use countersign::session::{Lifetimes, Rotation};
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::token::{Algorithm, Key, KeySet};
use countersign::{Auth, ConfigError};

use crate::support::{ACCESS_SECRET, NOW, REFRESH_SECRET, User, builder, key};

fn clock() -> TestClock {
    TestClock::at(NOW)
}

#[test]
fn each_missing_setting_is_named() {
    let empty = Auth::<User>::builder;
    let keys = || empty().access_key(key(ACCESS_SECRET)).refresh_key(key(REFRESH_SECRET));
    for (incomplete, expected) in [
        (empty(), "access_key"),
        (empty().access_key(key(ACCESS_SECRET)), "refresh_key"),
        (keys(), "issuer"),
        (keys().issuer("i"), "audience"),
        (keys().issuer("i").audience("a"), "store"),
        (keys().issuer("i").audience("a").store(MemoryStore::new()), "claims_source"),
    ] {
        match incomplete.build() {
            Err(ConfigError::Missing { setting }) => assert_eq!(setting, expected),
            other => panic!("{expected}: {other:?}"),
        }
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
    let lifetimes = Lifetimes::new(minutes(200), minutes(100));
    assert!(matches!(builder(&clock()).lifetimes(lifetimes).build(), Err(ConfigError::Sessions(_))));
}

/// Each message ends in what to do, and none shows a value.
#[test]
fn messages_say_what_to_do() {
    let error = builder(&clock()).access_ttl(Duration::ZERO).build().unwrap_err();
    assert!(error.to_string().ends_with("change `access_ttl`"), "{error}");
    let error = Auth::<User>::builder().build().unwrap_err();
    assert_eq!(error.to_string(), "nothing was passed to `access_key`: call it before `build`");
}

/// Row 28.
#[tokio::test]
async fn key_rotation_needs_no_restart() {
    let app = crate::support::App::new();
    let old = app.login(&[]).await.access_token;
    let new_key = || key(b"MhSH3wKMjdRhZdyknU0Vj21Yj8IiDY4VD0jK2sKejZrMbPVz").with_kid("k2").unwrap();
    let status = async |token: &str| app.get("/me", Some(token)).await.status.as_u16();

    app.auth
        .replace_access_keys(KeySet::new(new_key()).unwrap().accept(key(ACCESS_SECRET)).unwrap())
        .unwrap();
    assert_eq!(status(&old).await, 200);
    let new = app.login(&[]).await.access_token;
    app.auth.replace_access_keys(KeySet::new(new_key()).unwrap()).unwrap();
    assert_eq!((status(&old).await, status(&new).await), (401, 200));
}

/// The refresh key is the refresh key, whatever access keys are put in later.
#[tokio::test]
async fn refresh_secret_is_refused_as_a_new_access_key() {
    let app = crate::support::App::new();
    assert!(app.auth.replace_access_keys(KeySet::new(key(REFRESH_SECRET)).unwrap()).is_err());
}
