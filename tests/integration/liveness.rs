//! Access tokens whose session is looked up.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode, header};
use countersign::__private::Guard;
use countersign::session::{Lifetimes, SessionId, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{
    Access, Auth, AuthBuilder, ConfigError, Denial, Liveness, Policy, Rule, Session, Timestamp, TokenPair,
};
use serde_json::json;

use crate::support::{App, NOW, Role, SECOND, User, builder, forge, payload, payload_of};

macro_rules! policy {
    ($name:ident, $rule:expr) => {
        enum $name {}

        impl Policy for $name {
            const ACCESS: Access = Access::Require($rule);
            type Roles = ();
            type Checks = ();
            type Proves = ();
        }
    };
}

policy!(Live, Rule::Live);
policy!(LiveAdmin, Rule::All(&[Rule::Role("admin"), Rule::Live]));
policy!(AdminOrLive, Rule::Any(&[Rule::Role("admin"), Rule::Live]));
policy!(Admin, Rule::Role("admin"));

type Store = Arc<FaultyStore<MemoryStore>>;

fn faulty() -> Store {
    Arc::new(FaultyStore::new(MemoryStore::new()))
}

fn auth(clock: &TestClock, configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Auth<User> {
    configure(builder(clock)).build().unwrap()
}

async fn login(auth: &Auth<User>) -> TokenPair {
    auth.login(&User::with(&[Role::Member]), SessionMetadata::default()).await.unwrap()
}

fn session_of(token: &str) -> SessionId {
    payload_of(token)["sid"].as_str().unwrap().parse().unwrap()
}

fn parts(token: &str) -> Parts {
    let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

async fn ask<P: Policy<Checks = (), Proves = ()>>(auth: &Auth<User>, token: &str) -> Result<(), Denial> {
    let guard = Guard::<P>::from_request_parts(&mut parts(token), auth).await;
    guard.map(drop).map_err(|rejection| rejection.denial())
}

/// Row 94: without `live`, an access token is good until it expires, and the store is not asked.
#[tokio::test]
async fn session_is_not_looked_up_unless_demanded() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let auth = auth(&clock, |builder| builder.store(Arc::clone(&store)));
    let token = auth.login(&User::with(&[Role::Admin]), SessionMetadata::default()).await.unwrap();
    auth.logout(&token.refresh_token).await.unwrap();
    store.inject(Fault::Read);
    assert_eq!(ask::<Admin>(&auth, &token.access_token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &token.access_token).await, Err(Denial::Unavailable));
    store.heal();
    assert_eq!(ask::<Live>(&auth, &token.access_token).await, Err(Denial::InvalidToken));
}

/// Row 94: on live routes, the access tokens of a session end with it, however it ended.
#[tokio::test]
async fn every_end_of_a_session_is_felt_at_once() {
    for cached in [false, true] {
        for way in 0..8 {
            let clock = TestClock::at(NOW);
            let auth = auth(&clock, |builder| {
                let builder = builder.max_sessions_per_user(2);
                if cached { builder.live_cache(SECOND * 60, 100) } else { builder }
            });
            let (pair, other) = (login(&auth).await, login(&auth).await);
            clock.advance(SECOND);
            let [id, kept] = [&pair, &other].map(|pair| session_of(&pair.access_token));
            assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Ok(()));
            match way {
                0 => auth.logout(&pair.access_token).await.unwrap(),
                1 => auth.end_session(&id).await.unwrap(),
                2 => assert_eq!(auth.logout_all(&7).await.unwrap(), 2),
                3 => assert!(auth.revoke(&7, &id).await.unwrap()),
                4 => assert_eq!(auth.revoke_all_except(&7, &kept).await.unwrap(), 1),
                5 => assert_eq!(auth.expire_access_tokens(&7).await.unwrap(), 2),
                6 => {
                    auth.refresh(&pair.refresh_token).await.unwrap();
                    clock.advance(SECOND * 30);
                    assert!(auth.refresh(&pair.refresh_token).await.is_err());
                }
                _ => {
                    auth.refresh(&other.refresh_token).await.unwrap();
                    login(&auth).await;
                    login(&auth).await;
                }
            }
            let answer = ask::<Live>(&auth, &pair.access_token).await;
            assert_eq!(answer, Err(Denial::InvalidToken), "way {way}, cached: {cached}");
        }
    }
}

/// Row 97: at the next refresh of any of the sessions, all of them end, and their access tokens with them.
#[tokio::test]
async fn user_who_is_gone_loses_every_session_at_the_next_refresh() {
    let clock = TestClock::at(NOW);
    let auth =
        auth(&clock, |builder| builder.claims_source(|_| async { Ok(None) }).live_cache(SECOND * 60, 100));
    let (first, second) = (login(&auth).await, login(&auth).await);
    assert_eq!(ask::<Live>(&auth, &second.access_token).await, Ok(()));
    assert!(auth.refresh(&first.refresh_token).await.is_err());
    for token in [&first.access_token, &second.access_token] {
        assert_eq!(ask::<Live>(&auth, token).await, Err(Denial::InvalidToken));
    }
    assert!(auth.sessions(&7).await.unwrap().is_empty());
}

#[tokio::test]
async fn dead_session_is_refused_before_roles_are_checked() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| builder);
    let pair = login(&auth).await;
    assert!(matches!(
        ask::<LiveAdmin>(&auth, &pair.access_token).await,
        Err(Denial::InsufficientScope { .. })
    ));
    assert_eq!(ask::<AdminOrLive>(&auth, &pair.access_token).await, Ok(()));
    let admin = auth.login(&User::with(&[Role::Admin]), SessionMetadata::default()).await.unwrap();
    assert_eq!(ask::<LiveAdmin>(&auth, &admin.access_token).await, Ok(()));
    auth.logout_all(&7).await.unwrap();
    for token in [&pair.access_token, &admin.access_token] {
        assert_eq!(ask::<LiveAdmin>(&auth, token).await, Err(Denial::InvalidToken));
        assert_eq!(ask::<AdminOrLive>(&auth, token).await, Err(Denial::InvalidToken));
    }
}

/// Row 94, for a whole application.
#[tokio::test]
async fn application_that_is_always_live_refuses_dead_sessions_everywhere() {
    let app = App::with(|builder| builder.liveness(Liveness::Always));
    let pair = app.login(&[Role::Member]).await;
    for path in ["/me", "/greeting"] {
        assert_eq!(app.get(path, Some(&pair.access_token)).await.status, StatusCode::OK);
    }
    app.auth.logout(&pair.access_token).await.unwrap();
    assert!(app.handler_ran());
    for path in ["/me", "/admin", "/greeting"] {
        let refused = app.get(path, Some(&pair.access_token)).await;
        refused.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert!(!app.handler_ran());
    assert_eq!(app.get("/greeting", None).await.status, StatusCode::OK);
    assert_eq!(app.get("/health", Some(&pair.access_token)).await.status, StatusCode::OK);
}

/// Row 90: the caller is neither let in nor anonymous.
#[tokio::test]
async fn store_that_fails_is_503() {
    let store = faulty();
    let app = App::with(|builder| builder.store(Arc::clone(&store)).liveness(Liveness::Always));
    let pair = app.login(&[Role::Member]).await;
    store.inject(Fault::Read);
    for path in ["/me", "/admin", "/greeting"] {
        let refused = app.get(path, Some(&pair.access_token)).await;
        refused.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert!(!String::from_utf8_lossy(&refused.body).contains("injected"));
    }
    assert!(!app.handler_ran());
    store.heal();
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn session_is_looked_up_once_in_a_request() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let auth = auth(&clock, |builder| builder.store(Arc::clone(&store)).liveness(Liveness::Always));
    let token = login(&auth).await.access_token;
    let mut parts = parts(&token);
    Guard::<Live>::from_request_parts(&mut parts, &auth).await.unwrap();
    store.inject(Fault::Read);
    Guard::<Live>::from_request_parts(&mut parts, &auth).await.unwrap();
    <Session<User> as FromRequestParts<_>>::from_request_parts(&mut parts, &auth).await.unwrap();
    assert_eq!(ask::<Live>(&auth, &token).await, Err(Denial::Unavailable));
}

/// Row 94: a handler may take the refusal as a value, and the next extractor looks the session up again.
#[tokio::test]
async fn dead_session_is_refused_however_often_the_request_asks() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| builder.liveness(Liveness::Always));
    let pair = login(&auth).await;
    auth.logout(&pair.refresh_token).await.unwrap();
    let mut parts = parts(&pair.access_token);
    for _ in 0..2 {
        let session = <Session<User> as FromRequestParts<_>>::from_request_parts(&mut parts, &auth).await;
        assert_eq!(session.map(drop).map_err(|refused| refused.denial()), Err(Denial::InvalidToken));
    }
}

/// Our tokens never name another user's session; a token that does is refused.
#[tokio::test]
async fn token_of_one_user_is_refused_with_the_session_of_another() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| builder.live_cache(SECOND * 60, 100));
    let pair = login(&auth).await;
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Ok(()));
    let mut bent = payload();
    bent["sid"] = json!(session_of(&pair.access_token).as_str());
    assert_eq!(ask::<Live>(&auth, &forge(&bent)).await, Ok(()));
    bent["sub"] = json!("8");
    assert_eq!(ask::<Live>(&auth, &forge(&bent)).await, Err(Denial::InvalidToken));
    assert_eq!(ask::<Live>(&auth, &forge(&payload())).await, Err(Denial::InvalidToken));
}

/// Row 94: the sessions go on, and the next access token is good.
#[tokio::test]
async fn expired_access_tokens_are_replaced_by_a_refresh() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| builder);
    let pair = login(&auth).await;
    clock.advance(SECOND * 5);
    assert_eq!(auth.expire_access_tokens(&7).await.unwrap(), 1);
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::InvalidToken));
    assert_eq!(
        ask::<Admin>(&auth, &pair.access_token).await.map_err(Denial::code),
        Err("insufficient_scope")
    );
    clock.advance(SECOND);
    let next = auth.refresh(&pair.refresh_token).await.unwrap();
    assert_eq!(ask::<Live>(&auth, &next.access_token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::InvalidToken));
}

#[tokio::test]
async fn requests_on_live_routes_move_the_last_use() {
    let app = App::with(|builder| builder.liveness(Liveness::Always).touch_interval(SECOND * 60));
    let pair = app.login(&[]).await;
    for (seconds, last_used) in [(59, 0), (1, 60), (30, 60), (30, 120)] {
        app.clock.advance(SECOND * seconds);
        assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::OK);
        let session = app.auth.sessions(&7).await.unwrap().remove(0);
        assert_eq!(session.last_used_at.unix(), NOW + last_used);
        assert_eq!(session.idle_expires_at.unix(), NOW + 30 * 86_400);
    }
}

#[test]
fn live_cache_remembers_for_a_second_to_a_minute() {
    let built = |max_age, capacity| builder(&TestClock::at(NOW)).live_cache(max_age, capacity).build();
    for (max_age, capacity) in [
        (Duration::ZERO, 10),
        (Duration::from_millis(999), 10),
        (Duration::from_millis(60_001), 10),
        (SECOND * 61, 10),
        (SECOND, 0),
    ] {
        assert!(matches!(built(max_age, capacity), Err(ConfigError::LiveCache)), "{max_age:?} {capacity}");
    }
    for (max_age, capacity) in [(SECOND, 1), (SECOND * 60, 1), (SECOND * 60, usize::MAX)] {
        assert!(built(max_age, capacity).is_ok(), "{max_age:?} {capacity}");
    }
}

/// The staleness that the documentation of `live_cache` states: a session that another process ended is refused after `max_age`, and not
/// later.
#[tokio::test]
async fn session_ended_elsewhere_is_refused_at_the_age_of_the_cache() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let instance =
        |max_age| auth(&clock, |builder| builder.store(Arc::clone(&store)).live_cache(SECOND * max_age, 100));
    let (here, there) = (instance(30), instance(30));
    for expires_tokens in [false, true] {
        let pair = login(&here).await;
        clock.advance(SECOND);
        for auth in [&here, &there] {
            assert_eq!(ask::<Live>(auth, &pair.access_token).await, Ok(()));
        }
        if expires_tokens {
            there.expire_access_tokens(&7).await.unwrap();
        } else {
            there.logout(&pair.access_token).await.unwrap();
        }
        assert_eq!(ask::<Live>(&there, &pair.access_token).await, Err(Denial::InvalidToken));
        clock.advance(SECOND * 29);
        assert_eq!(ask::<Live>(&here, &pair.access_token).await, Ok(()), "still believed");
        clock.advance(SECOND);
        assert_eq!(ask::<Live>(&here, &pair.access_token).await, Err(Denial::InvalidToken));
    }
}

/// Row 90. The documented choice: a session that was found live is good until the look-up has reached its age; everything else is a 503.
#[tokio::test]
async fn cache_bridges_an_outage_of_the_store_for_its_age() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let auth = auth(&clock, |builder| builder.store(Arc::clone(&store)).live_cache(SECOND * 30, 100));
    let (known, unknown) = (login(&auth).await, login(&auth).await);
    assert_eq!(ask::<Live>(&auth, &known.access_token).await, Ok(()));
    store.inject(Fault::Read);
    clock.advance(SECOND * 29);
    assert_eq!(ask::<Live>(&auth, &known.access_token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &unknown.access_token).await, Err(Denial::Unavailable));
    clock.advance(SECOND);
    assert_eq!(ask::<Live>(&auth, &known.access_token).await, Err(Denial::Unavailable));
}

/// A clock that steps back does not make a look-up younger.
#[tokio::test]
async fn cache_does_not_outlive_its_age_by_a_clock_that_steps_back() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let auth = auth(&clock, |builder| builder.store(Arc::clone(&store)).live_cache(SECOND * 30, 100));
    let pair = login(&auth).await;
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Ok(()));
    store.inject(Fault::Read);
    clock.advance(SECOND * 30);
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::Unavailable));
    clock.set(Timestamp::from_unix(NOW));
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::Unavailable));
}

/// Rows 85 and 86: a session that ends by itself ends in the cache too.
#[tokio::test]
async fn cached_look_up_does_not_outlive_the_session() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| {
        let lifetimes = Lifetimes::new(SECOND * 910, SECOND * 910);
        builder.lifetimes(lifetimes).live_cache(SECOND * 60, 100).leeway(SECOND * 60)
    });
    let pair = login(&auth).await;
    clock.advance(SECOND * 909);
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Ok(()), "nine seconds into the leeway");
    clock.advance(SECOND);
    assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::InvalidToken));
}

/// The cache also has the time before which access tokens are no longer good, so that a new token does not vouch for an old one.
#[tokio::test]
async fn cached_look_up_of_a_new_token_does_not_vouch_for_an_expired_one() {
    let (clock, store) = (TestClock::at(NOW), faulty());
    let auth = auth(&clock, |builder| builder.store(Arc::clone(&store)).live_cache(SECOND * 60, 100));
    let old = login(&auth).await;
    auth.expire_access_tokens(&7).await.unwrap();
    clock.advance(SECOND);
    let new = auth.refresh(&old.refresh_token).await.unwrap();
    assert_eq!(ask::<Live>(&auth, &new.access_token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &old.access_token).await, Err(Denial::InvalidToken));
    store.inject(Fault::Read);
    assert_eq!(ask::<Live>(&auth, &new.access_token).await, Ok(()));
    assert_eq!(ask::<Live>(&auth, &old.access_token).await, Err(Denial::Unavailable));
}

/// A session for which there is no room is looked up again.
#[tokio::test]
async fn full_cache_answers_as_well_as_an_empty_one() {
    let clock = TestClock::at(NOW);
    let auth = auth(&clock, |builder| builder.live_cache(SECOND * 60, 1));
    let mut pairs = Vec::new();
    for _ in 0..50 {
        pairs.push(login(&auth).await);
    }
    for pair in &pairs {
        assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Ok(()));
    }
    for pair in &pairs {
        auth.logout(&pair.access_token).await.unwrap();
        assert_eq!(ask::<Live>(&auth, &pair.access_token).await, Err(Denial::InvalidToken));
    }
}
