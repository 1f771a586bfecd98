//! Users who act for others: row 61.

mod limits;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts as _;
use axum::http::{Method, Request, StatusCode, header};
use countersign::__private::Guard;
use countersign::session::{Lifetimes, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{
    Access, AccessGrant, Auth, AuthBuilder, AuthError, AuthEvent, AuthEvents, AuthRejection, AuthRouter,
    Cookies, Denial, Forbidden, Liveness, Policy, Rule, Session, TokenPair, authenticated, routes,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::browser::SAME_ORIGIN;
use crate::support::{
    AUDIENCE, Answer, App, AppState, ISSUER, NOW, Role, SECOND, User, forge, payload_of, payload_with,
    request, session_of,
};

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

policy!(InPerson, Rule::NotImpersonated);
policy!(Live, Rule::Live);
policy!(Recent, Rule::Fresh(std::time::Duration::from_secs(600)));

/// Who is it, and who acts for them?
#[authenticated]
#[utoipa::path(get, path = "/whoami", responses((status = 200)))]
async fn whoami(session: Session<User>) -> String {
    format!("{} by {}", session.claims().id, session.actor().unwrap_or("nobody"))
}

#[authenticated(both_tokens)]
#[utoipa::path(get, path = "/vault", responses((status = 200)))]
async fn vault() {}

fn routed(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
    crate::browser::routed(router).routes(routes!(whoami, vault))
}

fn app(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    App::build_with(configure, routed)
}

/// The user for whom user 7 acts.
fn customer() -> User {
    User { id: 8, name: "customer".to_owned(), ..User::with(&[Role::Member]) }
}

async fn impersonate(app: &App, access_token: &str) -> Result<AccessGrant, AuthError> {
    app.auth.impersonate(&session_of(&app.auth, access_token).await, &customer()).await
}

/// A signed-in actor, and the token with which they act.
async fn acting(app: &App) -> (TokenPair, String) {
    let actor = app.login(&[Role::Admin]).await;
    let grant = impersonate(app, &actor.access_token).await.unwrap();
    (actor, grant.access_token)
}

async fn ask<P: Policy<Checks = (), Proves = ()>>(auth: &Auth<User>, token: &str) -> Result<(), Denial> {
    let request = Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"));
    let mut parts = request.body(()).unwrap().into_parts().0;
    let guard = Guard::<P>::from_request_parts(&mut parts, auth).await;
    guard.map(drop).map_err(|rejection| rejection.denial())
}

#[track_caller]
fn refused(result: Result<AccessGrant, AuthError>, reason: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, AuthError::InvalidGrant(_)), "{error:?}");
    assert_eq!(error.reason(), reason);
}

/// RFC 8693 section 4.1.
#[tokio::test]
async fn token_is_of_the_user_and_says_who_acts() {
    let app = app(|builder| builder);
    let actor = app.login(&[Role::Admin]).await;
    app.clock.advance(SECOND * 100);
    let grant = impersonate(&app, &actor.access_token).await.unwrap();
    let (own, token) = (payload_of(&actor.access_token), payload_of(&grant.access_token));
    assert_eq!((&token["sub"], &token["act"]), (&json!("8"), &json!({ "sub": "7" })));
    assert_eq!((&token["roles"], &token["name"]), (&json!(["member"]), &json!("customer")));
    assert_eq!((&token["sid"], &token["auth_time"]), (&own["sid"], &json!(NOW)));
    assert_eq!((&token["iat"], &token["exp"]), (&json!(NOW + 100), &json!(NOW + 1000)));
    assert_ne!(token["jti"], own["jti"]);
    assert_eq!(grant.expires_in, 900);
    assert_eq!(app.get("/whoami", Some(&grant.access_token)).await.body, "8 by 7");
    assert_eq!(app.get("/whoami", Some(&actor.access_token)).await.body, "7 by nobody");
    let denied = app.get("/admin", Some(&grant.access_token)).await;
    denied.refused(StatusCode::FORBIDDEN, "insufficient_scope");
}

/// The answer has an access token and nothing that renews it, and no cache keeps it.
#[tokio::test]
async fn answer_has_no_refresh_token_and_no_cookie() {
    let app = app(|builder| builder.cookies(Cookies::new().with_access_cookie()));
    let actor = app.login(&[Role::Admin]).await;
    let grant = impersonate(&app, &actor.access_token).await.unwrap();
    assert!(!format!("{grant:?}").contains(&grant.access_token));
    let answer = Answer::read(axum::response::IntoResponse::into_response(grant)).await;
    let members: Vec<_> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert!(answer.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    let refreshed = app.refresh(&answer.text("access_token")).await;
    refreshed.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.auth.sessions(&8).await.unwrap().len(), 0);
    assert_eq!(app.auth.sessions(&7).await.unwrap().len(), 1);
}

/// Rows 85 and 86: the token does not outlive the actor's session, and does not prolong it.
#[tokio::test]
async fn token_ends_with_the_session_of_the_actor() {
    for (lifetimes, end) in [
        (Lifetimes::new(SECOND * 1000, SECOND * 5000), 1000),
        (Lifetimes::new(SECOND * 1000, SECOND * 1000), 1000),
        (Lifetimes::new(SECOND * 5000, SECOND * 5000), 1700),
    ] {
        let app = App::with(|builder| builder.lifetimes(lifetimes));
        let actor = app.login(&[Role::Admin]).await;
        app.clock.advance(SECOND * 800);
        let grant = impersonate(&app, &actor.access_token).await.unwrap();
        assert_eq!(payload_of(&grant.access_token)["exp"], NOW + end);
        assert_eq!(grant.expires_in, u64::try_from(end - 800).unwrap());
        let session = app.auth.sessions(&7).await.unwrap().remove(0);
        assert_eq!(
            session.idle_expires_at.unix(),
            NOW + i64::try_from(lifetimes.idle_ttl.as_secs()).unwrap()
        );
    }
}

/// Row 60: a stolen access token does not become fresh because its owner proved again who they are.
#[tokio::test]
async fn freshness_is_that_of_the_actors_access_token() {
    let app = App::new();
    let old = app.login(&[Role::Admin]).await;
    app.clock.advance(SECOND * 601);
    let session = session_of(&app.auth, &old.access_token).await;
    let proved = app.auth.reauthenticate(&session).await.unwrap();
    let stale = impersonate(&app, &old.access_token).await.unwrap().access_token;
    assert!(matches!(ask::<Recent>(&app.auth, &stale).await, Err(Denial::StaleSignIn { .. })));
    let fresh = impersonate(&app, &proved.access_token).await.unwrap().access_token;
    assert_eq!(ask::<Recent>(&app.auth, &fresh).await, Ok(()));
}

/// No chains: an actor cannot act for a third user through the second.
#[tokio::test]
async fn impersonated_session_cannot_impersonate() {
    let app = App::new();
    let (_, token) = acting(&app).await;
    let session = session_of(&app.auth, &token).await;
    for user in [customer(), User { id: 9, ..customer() }, User { id: 7, ..customer() }] {
        let error = app.auth.impersonate(&session, &user).await.unwrap_err();
        assert!(matches!(error, AuthError::Forbidden(Forbidden::Impersonated)), "{error:?}");
        assert_eq!(AuthRejection::from(error).denial().status(), StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn user_cannot_impersonate_themselves() {
    let app = App::new();
    let actor = app.login(&[Role::Member]).await;
    let session = session_of(&app.auth, &actor.access_token).await;
    let error = app.auth.impersonate(&session, &User::with(&[Role::Admin])).await.unwrap_err();
    assert!(matches!(error, AuthError::Forbidden(Forbidden::Oneself)), "{error:?}");
    assert_eq!(AuthRejection::from(error).denial().status(), StatusCode::FORBIDDEN);
}

/// Row 94: the session is looked up, although the application did not demand that.
#[tokio::test]
async fn ended_session_cannot_impersonate() {
    for cached in [false, true] {
        let app = App::with(|builder| match cached {
            true => builder.live_cache(SECOND * 60, 100),
            false => builder,
        });
        let actor = app.login(&[Role::Admin]).await;
        let session = session_of(&app.auth, &actor.access_token).await;
        assert!(app.auth.impersonate(&session, &customer()).await.is_ok());
        app.clock.advance(SECOND);
        app.auth.expire_access_tokens(&7).await.unwrap();
        refused(app.auth.impersonate(&session, &customer()).await, "expired");
        app.auth.logout(&actor.access_token).await.unwrap();
        refused(app.auth.impersonate(&session, &customer()).await, "session_unknown");
    }
}

/// Row 94: a token from the second in which the access tokens were ended counts as issued before, as it does for a guard. So does an
/// impersonation token from that second.
#[tokio::test]
async fn access_token_of_the_second_of_its_end_cannot_impersonate() {
    let app = App::new();
    let (actor, token) = acting(&app).await;
    let session = session_of(&app.auth, &actor.access_token).await;
    app.auth.expire_access_tokens(&7).await.unwrap();
    refused(app.auth.impersonate(&session, &customer()).await, "expired");
    assert_eq!(ask::<Live>(&app.auth, &token).await, Err(Denial::InvalidToken));
    assert!(!app.auth.introspect(&token).await.unwrap().active);
}

/// Row 95.
#[tokio::test]
async fn session_of_another_user_cannot_impersonate() {
    let app = App::new();
    let other = app.login(&[]).await;
    let mut payload = payload_with("sub", json!("9"));
    payload["sid"] = payload_of(&other.access_token)["sid"].clone();
    refused(impersonate(&app, &forge(&payload)).await, "other_session");
}

/// Row 90.
#[tokio::test]
async fn store_that_fails_grants_nothing() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let actor = app.login(&[Role::Admin]).await;
    store.inject(Fault::Read);
    let error = impersonate(&app, &actor.access_token).await.unwrap_err();
    assert!(matches!(error, AuthError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn claims_that_fit_in_no_token_grant_nothing() {
    let app = App::new();
    let actor = app.login(&[Role::Admin]).await;
    let session = session_of(&app.auth, &actor.access_token).await;
    let user = User { name: "x".repeat(9000), ..customer() };
    assert!(matches!(app.auth.impersonate(&session, &user).await, Err(AuthError::Mint(_))));
}

/// Row 61.
#[tokio::test]
async fn route_that_forbids_it_is_403_before_the_body() {
    let app = App::new();
    let (actor, token) = acting(&app).await;
    assert_eq!(ask::<InPerson>(&app.auth, &token).await.map_err(Denial::status), Err(StatusCode::FORBIDDEN));
    assert_eq!(ask::<InPerson>(&app.auth, &actor.access_token).await, Ok(()));
}

/// Row 94: on live routes, the token ends with the actor's session, however that ends, and not with the user's.
#[tokio::test]
async fn token_ends_at_once_with_the_actor_and_not_with_the_user() {
    for cached in [false, true] {
        for way in 0..8 {
            let app = App::with(|builder| match cached {
                true => builder.live_cache(SECOND * 60, 100),
                false => builder,
            });
            let user = app.auth.login(&customer(), SessionMetadata::default()).await.unwrap();
            let (actor, token) = acting(&app).await;
            let session = *session_of(&app.auth, &actor.access_token).await.id().unwrap();
            app.clock.advance(SECOND);
            assert_eq!(ask::<Live>(&app.auth, &token).await, Ok(()));
            let ends = match way {
                0 => app.auth.logout(&user.access_token).await.map(|()| false),
                1 => app.auth.logout_all(&8).await.map(|_| false),
                2 => app.auth.expire_access_tokens(&8).await.map(|_| false),
                3 => app.auth.revoke(&8, &session).await,
                4 => app.auth.logout(&actor.refresh_token).await.map(|()| true),
                5 => app.auth.logout_all(&7).await.map(|_| true),
                6 => app.auth.expire_access_tokens(&7).await.map(|_| true),
                _ => app.auth.revoke(&7, &session).await,
            };
            let expected = if ends.unwrap() { Err(Denial::InvalidToken) } else { Ok(()) };
            assert_eq!(ask::<Live>(&app.auth, &token).await, expected, "way {way}, cached: {cached}");
            let active = app.auth.introspect(&token).await.unwrap().active;
            assert_eq!(active, expected.is_ok(), "way {way}");
        }
    }
}

/// Row 94, for a whole application.
#[tokio::test]
async fn application_that_is_always_live_looks_the_actor_up() {
    let app = app(|builder| builder.liveness(Liveness::Always));
    let (actor, token) = acting(&app).await;
    assert_eq!(app.get("/whoami", Some(&token)).await.status, StatusCode::OK);
    app.auth.logout(&actor.access_token).await.unwrap();
    let answer = app.get("/whoami", Some(&token)).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 94: a token whose actor is not the user of the session is refused.
#[tokio::test]
async fn actor_of_another_session_is_refused_where_it_is_looked_up() {
    let app = App::new();
    let sid = payload_of(&app.login(&[]).await.access_token)["sid"].clone();
    for (sub, actor) in [("8", "9"), ("7", "9"), ("8", "8")] {
        let mut payload = payload_with("sub", json!(sub));
        (payload["sid"], payload["act"]) = (sid.clone(), json!({ "sub": actor }));
        let token = forge(&payload);
        assert_eq!(ask::<Live>(&app.auth, &token).await, Err(Denial::InvalidToken), "{sub} by {actor}");
        assert!(!app.auth.introspect(&token).await.unwrap().active);
    }
}

/// Row 61: a malformed actor makes a bad token, not a token without an actor.
#[tokio::test]
async fn malformed_actor_is_401() {
    let app = app(|builder| builder);
    for act in [
        json!(null),
        json!("8"),
        json!(8),
        json!(["8"]),
        json!({}),
        json!({ "sub": "" }),
        json!({ "sub": 8 }),
    ] {
        let answer = app.get("/whoami", Some(&forge(&payload_with("act", act)))).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
}

/// Row 100.
#[tokio::test]
async fn introspection_names_the_actor() {
    let app = App::new();
    let (actor, token) = acting(&app).await;
    let said = serde_json::to_value(app.auth.introspect(&token).await.unwrap()).unwrap();
    let sid = payload_of(&actor.access_token)["sid"].clone();
    let expected = json!({
        "active": true, "token_type": "Bearer", "sub": "8", "sid": sid, "act": { "sub": "7" },
        "iss": ISSUER, "aud": AUDIENCE, "client_id": AUDIENCE, "jti": payload_of(&token)["jti"],
        "iat": NOW, "nbf": NOW, "exp": NOW + 900,
    });
    assert_eq!(said, expected);
    let own = serde_json::to_value(app.auth.introspect(&actor.access_token).await.unwrap()).unwrap();
    assert_eq!(own.get("act"), None);
}

/// A token without an actor has no `act`, and its session has no actor.
#[tokio::test]
async fn session_without_an_actor_has_none() {
    let app = app(|builder| builder);
    let pair = app.login(&[]).await;
    assert_eq!(payload_of(&pair.access_token).get("act"), None::<&Value>);
    assert_eq!(session_of(&app.auth, &pair.access_token).await.actor(), None);
}
