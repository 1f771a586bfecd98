//! Routes that demand the refresh token beside the access token.

mod cookies;
mod events;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign::session::{Lifetimes, Rotation, SessionMetadata};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{
    AuthBuilder, AuthRouter, RefreshSession, Session, TokenPair, authenticated, require_role, routes,
};

use crate::support::{Answer, App, AppState, Role, SECOND, User, VERIFICATIONS, payload_of};

#[utoipa::path(get, path = "/export")]
async fn export(session: RefreshSession<User>) -> String {
    session.id().to_string()
}

#[authenticated(both_tokens)]
#[utoipa::path(get, path = "/account")]
async fn account() {}

#[require_role("admin", both_tokens)]
#[utoipa::path(get, path = "/vault")]
async fn vault(both: RefreshSession<User>, session: Session<User>, user: User) {
    assert_eq!((Some(both.id()), both.claims()), (session.id(), &user));
}

/// Every route of the module.
const PATHS: [&str; 3] = ["/export", "/account", "/vault"];

fn app_with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    let routes = |router: AuthRouter<AppState>| router.routes(routes!(export, account, vault));
    App::build_with(configure, routes)
}

fn app() -> App {
    app_with(|builder| builder)
}

fn request(path: &str, access: Option<&str>, refresh: &[&str]) -> Request<Body> {
    let mut request = Request::builder().method(Method::GET).uri(path);
    if let Some(token) = access {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    for token in refresh {
        request = request.header("X-Refresh-Token", *token);
    }
    request.body(Body::empty()).unwrap()
}

async fn send(app: &App, path: &str, access: &str, refresh: &str) -> Answer {
    app.send(request(path, Some(access), &[refresh])).await
}

async fn passes(app: &App, pair: &TokenPair) {
    for path in PATHS {
        let answer = send(app, path, &pair.access_token, &pair.refresh_token).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}

/// Asserts that every route refuses the pair as a bad token, with the same answer.
async fn refused(app: &App, access: &str, refresh: &str) {
    for path in PATHS {
        let answer = send(app, path, access, refresh).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
        assert_eq!(
            answer.header(header::WWW_AUTHENTICATE),
            Some("Bearer realm=\"https://issuer.test\", error=\"invalid_token\"")
        );
    }
}

async fn sessions(app: &App) -> usize {
    app.auth.sessions(&7).await.unwrap().len()
}

async fn refreshed(app: &App, refresh_token: &str) -> TokenPair {
    app.auth.refresh(refresh_token).await.unwrap()
}

#[tokio::test]
async fn both_tokens_of_one_session_pass_and_are_not_used_up() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    let before = app.auth.sessions(&7).await.unwrap();
    for _ in 0..3 {
        passes(&app, &pair).await;
    }
    assert_eq!(app.auth.sessions(&7).await.unwrap(), before, "nothing was written");
    let answer = send(&app, "/export", &pair.access_token, &pair.refresh_token).await;
    assert_eq!(answer.body, before[0].id.as_str());
    assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
}

/// Neither token is enough alone.
#[tokio::test]
async fn one_token_of_two_is_401_without_an_error_code() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    for path in PATHS {
        let realm = Some("Bearer realm=\"https://issuer.test\"");
        let answer = app.send(request(path, Some(&pair.access_token), &[])).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), realm);
        let answer = app.send(request(path, None, &[&pair.refresh_token])).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), realm);
    }
}

/// In an earlier system, a refresh token alone, sent as the bearer token, passed the guard of high security.
#[tokio::test]
async fn a_refresh_token_is_no_bearer_token() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    refused(&app, &pair.refresh_token, &pair.refresh_token).await;
    refused(&app, &pair.refresh_token, &pair.access_token).await;
    for path in PATHS {
        let answer = app.send(request(path, Some(&pair.refresh_token), &[])).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert_eq!(sessions(&app).await, 1);
}

#[tokio::test]
async fn an_access_token_is_no_refresh_token() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    refused(&app, &pair.access_token, &pair.access_token).await;
}

#[tokio::test]
async fn text_that_is_no_token_is_refused() {
    let app = app();
    let TokenPair { access_token, refresh_token, .. } = app.login(&[Role::Admin]).await;
    let (signed, signature) = refresh_token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let bearer = format!("Bearer {refresh_token}");
    for token in ["nonsense", "a.b.c", signed, &format!("{signed}.{reversed}"), &bearer, &"x".repeat(20_000)]
    {
        refused(&app, &access_token, token).await;
    }
    let not_text = Request::builder()
        .uri("/export")
        .header(header::AUTHORIZATION, format!("Bearer {access_token}"))
        .header("X-Refresh-Token", &b"caf\xE9"[..]);
    app.send(not_text.body(Body::empty()).unwrap()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 64, for the second token.
#[tokio::test]
async fn a_refresh_token_given_twice_is_400_and_an_empty_one_is_none() {
    let app = app();
    let TokenPair { access_token, refresh_token, .. } = app.login(&[Role::Admin]).await;
    for path in PATHS {
        let twice = app.send(request(path, Some(&access_token), &[&refresh_token, &refresh_token])).await;
        twice.refused(StatusCode::BAD_REQUEST, "invalid_request");
        let empty = app.send(request(path, Some(&access_token), &[""])).await;
        empty.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
        let beside = app.send(request(path, Some(&access_token), &[&refresh_token, ""])).await;
        assert_eq!(beside.status, StatusCode::OK);
    }
}

/// The session has to be the same.
#[tokio::test]
async fn tokens_of_two_sessions_of_one_user_do_not_pass() {
    let app = app();
    let (one, other) = (app.login(&[Role::Admin]).await, app.login(&[Role::Admin]).await);
    refused(&app, &one.access_token, &other.refresh_token).await;
    refused(&app, &other.access_token, &one.refresh_token).await;
    assert_eq!(sessions(&app).await, 2, "neither session ended");
    passes(&app, &one).await;
    passes(&app, &other).await;
}

#[tokio::test]
async fn tokens_of_two_users_do_not_pass() {
    let app = app();
    let mine = app.login(&[Role::Admin]).await;
    let other = User { id: 8, ..User::with(&[Role::Admin]) };
    let theirs = app.auth.login(&other, SessionMetadata::default()).await.unwrap();
    refused(&app, &mine.access_token, &theirs.refresh_token).await;
    refused(&app, &theirs.access_token, &mine.refresh_token).await;
    passes(&app, &theirs).await;
}

/// An access token from before a refresh belongs to the session as much as the newest one.
#[tokio::test]
async fn any_access_token_of_the_session_will_do() {
    let app = app_with(|builder| builder.claims_source(|_| async { Ok(Some(User::with(&[Role::Admin]))) }));
    let first = app.login(&[Role::Admin]).await;
    app.clock.advance(SECOND * 60);
    let second = refreshed(&app, &first.refresh_token).await;
    for access in [&first.access_token, &second.access_token] {
        let answer = send(&app, "/vault", access, &second.refresh_token).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

/// Row 78, as at a refresh: a client that lost the answer, or sent two requests at once, still passes.
#[tokio::test]
async fn the_previous_token_passes_inside_the_window() {
    let app = app();
    let first = app.login(&[Role::Admin]).await;
    refreshed(&app, &first.refresh_token).await;
    app.clock.advance(SECOND * 29);
    passes(&app, &first).await;
    assert_eq!(sessions(&app).await, 1);
}

/// As at a refresh: a replay ends the session.
#[tokio::test]
async fn the_previous_token_ends_the_session_after_the_window() {
    let app = app();
    let first = app.login(&[Role::Admin]).await;
    let second = refreshed(&app, &first.refresh_token).await;
    app.clock.advance(SECOND * 30);
    refused(&app, &first.access_token, &first.refresh_token).await;
    assert_eq!(sessions(&app).await, 0);
    refused(&app, &second.access_token, &second.refresh_token).await;
    app.refresh(&second.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn an_old_ancestor_ends_the_session_even_inside_the_window() {
    let app = app();
    let first = app.login(&[Role::Admin]).await;
    let second = refreshed(&app, &first.refresh_token).await;
    let third = refreshed(&app, &second.refresh_token).await;
    let answer = send(&app, "/vault", &first.access_token, &third.refresh_token).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = send(&app, "/account", &second.access_token, &first.refresh_token).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(sessions(&app).await, 0);
}

/// In the strict mode a token that was exchanged is a replay at once; one that was not is good.
#[tokio::test]
async fn without_a_window_only_the_current_token_passes() {
    let app = app_with(|builder| builder.rotation(Rotation::Always { window: Duration::ZERO }));
    let first = app.login(&[Role::Admin]).await;
    passes(&app, &first).await;
    refreshed(&app, &first.refresh_token).await;
    refused(&app, &first.access_token, &first.refresh_token).await;
    assert_eq!(sessions(&app).await, 0);
}

#[tokio::test]
async fn an_expired_refresh_token_is_refused_beside_a_good_access_token() {
    let quarter = Duration::from_secs(900);
    let app = app_with(|builder| builder.lifetimes(Lifetimes::new(quarter, quarter * 10)));
    let first = app.login(&[Role::Admin]).await;
    app.clock.advance(SECOND * 600);
    let second = refreshed(&app, &first.refresh_token).await;
    app.clock.advance(SECOND * 400);
    refused(&app, &second.access_token, &first.refresh_token).await;
    let answer = send(&app, "/account", &second.access_token, &second.refresh_token).await;
    assert_eq!(answer.status, StatusCode::OK, "an expired token is no replay");
}

/// The session is live.
#[tokio::test]
async fn an_ended_session_is_refused_while_its_tokens_are_unexpired() {
    let app = app();
    let (gone, rest) = (app.login(&[Role::Admin]).await, app.login(&[Role::Admin]).await);
    passes(&app, &gone).await;
    app.auth.logout(&gone.refresh_token).await.unwrap();
    refused(&app, &gone.access_token, &gone.refresh_token).await;
    assert_eq!(app.get("/me", Some(&gone.access_token)).await.status, StatusCode::OK, "it does not look");
    passes(&app, &rest).await;
    app.auth.logout_all(&7).await.unwrap();
    refused(&app, &rest.access_token, &rest.refresh_token).await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503_and_nothing_is_lost() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = app_with(|builder| builder.store(Arc::clone(&store)));
    let pair = app.login(&[Role::Admin]).await;
    store.inject(Fault::Read);
    for path in PATHS {
        let answer = send(&app, path, &pair.access_token, &pair.refresh_token).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
        assert!(!answer.body.windows(5).any(|text| text == b"fault"), "{:?}", answer.body);
    }
    store.heal();
    passes(&app, &pair).await;
}

/// A replay that cannot end the session is a 503: the request does not pass, and the next replay ends the session.
#[tokio::test]
async fn a_replay_that_cannot_end_the_session_is_503() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = app_with(|builder| builder.store(Arc::clone(&store)));
    let first = app.login(&[Role::Admin]).await;
    refreshed(&app, &first.refresh_token).await;
    app.clock.advance(SECOND * 30);
    store.inject(Fault::BeforeWrite);
    let answer = send(&app, "/account", &first.access_token, &first.refresh_token).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    store.heal();
    refused(&app, &first.access_token, &first.refresh_token).await;
    assert_eq!(sessions(&app).await, 0);
}

#[tokio::test]
async fn roles_are_checked_after_the_tokens() {
    let app = app();
    let member = app.login(&[Role::Member]).await;
    let answer = send(&app, "/vault", &member.access_token, &member.refresh_token).await;
    answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    let answer = app.send(request("/vault", Some(&member.access_token), &[])).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
}

/// `/vault` needs the session four times: for the guard, `RefreshSession`, `Session` and `User`.
#[tokio::test]
async fn the_access_token_is_verified_once() {
    let app = app();
    let pair = app.login(&[Role::Admin]).await;
    let before = VERIFICATIONS.get();
    let answer = send(&app, "/vault", &pair.access_token, &pair.refresh_token).await;
    assert_eq!((answer.status, VERIFICATIONS.get() - before), (StatusCode::OK, 1));
}

/// Row 30.
#[tokio::test]
async fn debug_output_shows_no_token() {
    async fn shown(session: RefreshSession<User>) -> String {
        format!("{session:?}")
    }
    let app = app();
    let pair = app.login(&[]).await;
    let router = axum::Router::new().route("/", axum::routing::get(shown)).with_state(app.auth.clone());
    let request = request("/", Some(&pair.access_token), &[&pair.refresh_token]);
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.starts_with("RefreshSession"), "{text}");
    for part in pair.access_token.split('.').chain(pair.refresh_token.split('.')) {
        assert!(!text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn the_extractor_says_when_the_refresh_token_ends() {
    async fn end(session: RefreshSession<User>) -> String {
        session.refresh_expires_at().unix().to_string()
    }
    let app = app();
    let pair = app.login(&[]).await;
    let router = axum::Router::new().route("/", axum::routing::get(end)).with_state(app.auth.clone());
    let request = request("/", Some(&pair.access_token), &[&pair.refresh_token]);
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
    assert_eq!(body, payload_of(&pair.refresh_token)["exp"].to_string());
}

/// An access token that was ended is no half of a pair either.
#[tokio::test]
async fn an_access_token_from_before_its_user_s_were_ended_is_refused() {
    let app = app_with(|builder| builder.claims_source(|_| async { Ok(Some(User::with(&[Role::Admin]))) }));
    let pair = app.login(&[Role::Admin]).await;
    app.auth.expire_access_tokens(&7).await.unwrap();
    refused(&app, &pair.access_token, &pair.refresh_token).await;
    app.clock.advance(SECOND);
    let next = refreshed(&app, &pair.refresh_token).await;
    passes(&app, &next).await;
}
