//! Another secret for refresh tokens while users are signed in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use countersign::session::{Rotation, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::token::{Algorithm, Key, KeyError, KeySet};
use countersign::{Auth, AuthBuilder, ConfigError, InvalidGrant};
use serde_json::Value;

use crate::browser::with_access_cookie;
use crate::support::{ACCESS_SECRET, App, NOW, REFRESH_SECRET, SECOND, User, builder, key, payload_of};

const NEXT_SECRET: &[u8] = b"MhSH3wKMjdRhZdyknU0Vj21Yj8IiDY4VD0jK2sKejZrMbPVz";

fn old() -> Key {
    key(REFRESH_SECRET)
}

fn next() -> Key {
    Key::from_secret(Algorithm::Hs256, NEXT_SECRET).unwrap().with_kid("k2").unwrap()
}

/// The new secret signs, and tokens of the old one are accepted.
fn overlap() -> KeySet {
    KeySet::new(next()).unwrap().accept(old()).unwrap()
}

fn alone(key: Key) -> KeySet {
    KeySet::new(key).unwrap()
}

/// The key id in the header of a token, and the `jti` in its payload.
fn kid_and_id(token: &str) -> (String, String) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&header["kid"]), text(&payload_of(token)["jti"]))
}

async fn login(auth: &Auth<User>) -> String {
    auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap().refresh_token
}

async fn refresh(auth: &Auth<User>, token: &str) -> Result<String, String> {
    auth.refresh(token).await.map(|pair| pair.refresh_token).map_err(|error| error.reason().to_owned())
}

/// Row 28. No user signs in again, and the first refresh moves the session over.
#[tokio::test]
async fn first_refresh_moves_a_session_to_the_new_secret() {
    let app = App::new();
    let before = login(&app.auth).await;
    app.auth.replace_refresh_keys(overlap()).unwrap();
    let after = refresh(&app.auth, &before).await.unwrap();
    assert_eq!((kid_and_id(&before).0.as_str(), kid_and_id(&after).0.as_str()), ("k1", "k2"));
    assert_eq!(kid_and_id(&login(&app.auth).await).0, "k2");

    let late = login(&Auth::clone(&app.auth)).await;
    app.auth.replace_refresh_keys(alone(next())).unwrap();
    for token in [&after, &late] {
        assert!(refresh(&app.auth, token).await.is_ok());
    }
    assert_eq!(refresh(&app.auth, &before).await.unwrap_err(), "unknown_key");
}

/// Row 78. A retry of a token of the old secret gets the successor that the first attempt got, before the change and after it.
#[tokio::test]
async fn retry_across_the_change_gets_the_same_successor() {
    let app = App::new();
    let parent = login(&app.auth).await;
    let first = refresh(&app.auth, &parent).await.unwrap();
    app.auth.replace_refresh_keys(overlap()).unwrap();
    app.clock.advance(SECOND * 29);
    let again = refresh(&app.auth, &parent).await.unwrap();
    assert_eq!(kid_and_id(&first).1, kid_and_id(&again).1);
    assert_eq!(kid_and_id(&again).0, "k2");
    // Both are the same token of the session, whichever secret signed them.
    let next = refresh(&app.auth, &first).await.unwrap();
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert!(refresh(&app.auth, &next).await.is_ok());
}

/// Row 79. A token of the old secret that was replaced ends the session as any other does.
#[tokio::test]
async fn reuse_across_the_change_is_detected() {
    for change_first in [true, false] {
        let app = App::new();
        let parent = login(&app.auth).await;
        if change_first {
            app.auth.replace_refresh_keys(overlap()).unwrap();
        }
        let current = refresh(&app.auth, &parent).await.unwrap();
        app.auth.replace_refresh_keys(overlap()).unwrap();
        app.clock.advance(SECOND * 31);
        assert_eq!(refresh(&app.auth, &parent).await.unwrap_err(), "late_retry");
        assert!(refresh(&app.auth, &current).await.is_err(), "the session has ended");
        assert!(app.auth.sessions(&7).await.unwrap().is_empty());
    }
}

/// Servers of one fleet change one after the other: first all accept the new secret, then they sign with it.
#[tokio::test]
async fn fleet_that_changes_in_two_steps_refuses_no_token() {
    let (clock, store) = (TestClock::at(NOW), Arc::new(MemoryStore::new()));
    let server = |keys: KeySet| builder(&clock).store(Arc::clone(&store)).refresh_keys(keys).build().unwrap();
    let accepts = || alone(old()).accept(next()).unwrap();
    for (one, other) in [(alone(old()), accepts()), (accepts(), overlap()), (overlap(), alone(next()))] {
        let (one, other) = (server(one), server(other));
        let mut token = login(&one).await;
        for _ in 0..3 {
            let first = refresh(&other, &token).await.unwrap();
            let again = refresh(&one, &token).await;
            // Only the last step may refuse, a token of a session that was not moved over.
            let again = again.unwrap_or_else(|reason| panic!("{reason}"));
            assert_eq!(kid_and_id(&first).1, kid_and_id(&again).1);
            token = refresh(&one, &first).await.unwrap();
        }
    }
}

/// With `NearExpiry` the same token is given out again, signed with the new secret.
#[tokio::test]
async fn token_that_is_kept_moves_over_as_well() {
    let rotation = Rotation::NearExpiry { within: Duration::from_secs(3600), window: SECOND * 30 };
    let app = App::with(|builder| builder.rotation(rotation));
    let before = login(&app.auth).await;
    app.auth.replace_refresh_keys(overlap()).unwrap();
    let after = refresh(&app.auth, &before).await.unwrap();
    assert_eq!(kid_and_id(&before).1, kid_and_id(&after).1);
    app.auth.replace_refresh_keys(alone(next())).unwrap();
    assert!(refresh(&app.auth, &after).await.is_ok());
    assert_eq!(refresh(&app.auth, &before).await.unwrap_err(), "unknown_key");
}

/// Signing out and introspection know a token of either secret.
#[tokio::test]
async fn tokens_of_both_secrets_are_known_everywhere() {
    let app = App::new();
    let (one, other) = (login(&app.auth).await, login(&app.auth).await);
    app.auth.replace_refresh_keys(overlap()).unwrap();
    assert!(app.auth.introspect(&one).await.unwrap().active);
    app.auth.logout(&one).await.unwrap();
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
    assert!(!app.auth.introspect(&one).await.unwrap().active);
    app.auth.replace_refresh_keys(alone(next())).unwrap();
    assert!(!app.auth.introspect(&other).await.unwrap().active);
    let answer = app.refresh(&other).await;
    answer.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// A page goes on with the token against CSRF that it was loaded with.
#[tokio::test]
async fn csrf_tokens_of_both_secrets_are_accepted() {
    let app = with_access_cookie();
    let signed_in = app.sign_in().await;
    let (cookies, before) = (signed_in.cookie_header(), signed_in.text("csrf_token"));
    let session = app.auth.sessions(&7).await.unwrap().remove(0).id;
    let status = async |token: &str| {
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", token)];
        app.post("/notes", &headers).await.status
    };
    app.auth.replace_refresh_keys(overlap()).unwrap();
    let after = app.auth.csrf_token(&session);
    assert_ne!(before, after);
    for (token, expected) in
        [(before.as_str(), StatusCode::CREATED), (&after, StatusCode::CREATED), ("x", StatusCode::FORBIDDEN)]
    {
        assert_eq!(status(token).await, expected);
    }
    let renewed = app.post("/refresh", &[("cookie", &cookies), ("x-csrf-token", &before)]).await;
    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(renewed.header(header::CACHE_CONTROL), Some("no-store"));
    app.auth.replace_refresh_keys(alone(next())).unwrap();
    assert_eq!(status(&before).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&after).await, StatusCode::CREATED);
}

/// A set that is refused changes nothing.
#[tokio::test]
async fn sets_that_cannot_be_used_are_refused() {
    let app = App::new();
    let token = login(&app.auth).await;
    let shared = key(ACCESS_SECRET).with_kid("k9").unwrap();
    for keys in [alone(shared.clone()), alone(next()).accept(shared.clone()).unwrap()] {
        assert!(matches!(app.auth.replace_refresh_keys(keys.clone()), Err(ConfigError::SameKey)));
        let built = builder(&TestClock::at(NOW)).refresh_keys(keys).build();
        assert!(matches!(built, Err(ConfigError::SameKey)));
    }
    let verifier = KeySet::verify_only([next()]).unwrap();
    assert!(matches!(app.auth.replace_refresh_keys(verifier), Err(ConfigError::Tokens(_))));
    assert!(matches!(alone(next()).accept(next().with_kid("k9").unwrap()), Err(KeyError::DuplicateKey)));

    // Access keys may be none of the refresh keys, also none that is only accepted.
    app.auth.replace_refresh_keys(overlap()).unwrap();
    for refresh_key in [next(), old()] {
        let keys = alone(refresh_key.with_kid("k9").unwrap());
        assert!(matches!(app.auth.replace_access_keys(keys), Err(ConfigError::SameKey)));
    }
    assert!(app.auth.refresh(&token).await.is_ok());
    let refused = app.auth.refresh("a.b.c").await.unwrap_err();
    assert!(matches!(refused, countersign::AuthError::InvalidGrant(InvalidGrant::Token(_))));
}

/// Row 160: the sessions of a user are in one partition, before and after every secret was changed. Others spread.
#[tokio::test]
async fn the_partition_of_a_user_outlives_every_secret() {
    let store = MemoryStore::new();
    let mut partitions = Vec::new();
    for _ in 0..3 {
        let key = || Key::generate_secret(Algorithm::Hs256).unwrap();
        let keys = |builder: AuthBuilder<User>| builder.access_key(key()).refresh_key(key());
        let app = App::with(|builder| keys(builder).store(store.clone()));
        let partitions_of = async |user: u64| {
            let user = User { id: user, ..User::with(&[]) };
            app.auth.login(&user, SessionMetadata::default()).await.unwrap();
            let sessions = app.auth.sessions(&user.id).await.unwrap();
            sessions.iter().map(|session| session.id.partition()).collect::<HashSet<_>>()
        };
        let mut found = Vec::new();
        for user in 0..20 {
            let of_user = partitions_of(user).await;
            assert_eq!(of_user.len(), 1, "user {user}");
            found.extend(of_user);
        }
        partitions.push(found);
    }
    assert!(partitions.iter().all(|found| *found == partitions[0]));
    assert!(partitions[0].iter().collect::<HashSet<_>>().len() > 15, "{:?}", partitions[0]);
}
