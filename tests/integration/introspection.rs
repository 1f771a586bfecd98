//! RFC 7662: a service asks about a token that it was given.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{Method, StatusCode, header};
use countersign::session::{Partition, SessionId, SessionRecord, TokenHash};
use countersign::store::{MemoryStore, SessionStore as _};
use countersign::testing::{Fault, FaultyStore};
use countersign::{AuthError, Introspection, Timestamp, require_role, routes};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::support::{
    ACCESS_SECRET, AUDIENCE, Answer, App, AppState, ISSUER, NOW, Role, SECOND, User, access_header, forge,
    forge_with, payload, payload_of, payload_with, request,
};

#[derive(Deserialize, ToSchema)]
struct Question {
    token: String,
}

/// Whether a token is good
#[require_role("support")]
#[utoipa::path(
    post,
    path = "/introspect",
    request_body(content = Question, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Introspection))
)]
async fn introspect(
    State(state): State<AppState>,
    Form(question): Form<Question>,
) -> Result<Introspection, AuthError> {
    state.auth.introspect(&question.token).await
}

async fn ask(app: &App, caller: Option<&str>, token: &str) -> Answer {
    // Tokens need no escaping in a form.
    let body = Body::from(format!("token={token}"));
    let mut request = request(Method::POST, "/introspect", caller, body);
    let form = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    app.send(request).await
}

async fn said(app: &App, token: &str) -> Value {
    serde_json::to_value(app.auth.introspect(token).await.unwrap()).unwrap()
}

fn inactive() -> Value {
    json!({ "active": false })
}

/// Row 100.
#[tokio::test]
async fn an_inactive_token_is_answered_with_that_and_nothing_else() {
    let app = App::routed(|router| router.routes(routes!(introspect)));
    let service = app.login(&[Role::Support]).await;
    for token in
        ["", "nonsense", "a.b.c", &forge(&payload()), &forge(&payload_with("iss", json!("https://other")))]
    {
        let answer = ask(&app, Some(&service.access_token), token).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (StatusCode::OK, &br#"{"active":false}"#[..]),
            "{token}"
        );
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/json"));
    }
}

/// Row 100: RFC 7662 section 2.1 wants callers to authenticate.
#[tokio::test]
async fn introspection_demands_the_rule_of_the_application() {
    let app = App::routed(|router| router.routes(routes!(introspect)));
    let user = app.login(&[Role::Member]).await;
    ask(&app, None, &user.access_token).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    let answer = ask(&app, Some(&user.access_token), &user.access_token).await;
    answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
}

/// Row 100.
#[tokio::test]
async fn an_active_token_says_whose_it_is_and_until_when() {
    let app = App::new();
    let user = User { scopes: vec!["a:read".to_owned(), "b".to_owned()], ..User::with(&[Role::Admin]) };
    let pair = app.auth.login(&user, Default::default()).await.unwrap();
    let sid = payload_of(&pair.access_token)["sid"].clone();
    let access = json!({
        "active": true, "token_type": "Bearer", "scope": "a:read b", "sub": "7", "sid": sid,
        "iss": ISSUER, "aud": AUDIENCE, "client_id": AUDIENCE, "jti": payload_of(&pair.access_token)["jti"],
        "iat": NOW, "nbf": NOW, "exp": NOW + 900,
    });
    assert_eq!(said(&app, &pair.access_token).await, access);
    let refresh = json!({
        "active": true, "token_type": "N_A", "sub": "7", "sid": sid, "iss": ISSUER, "aud": AUDIENCE,
        "iat": NOW, "exp": payload_of(&pair.refresh_token)["exp"],
    });
    assert_eq!(said(&app, &pair.refresh_token).await, refresh);
}

/// Row 100: a token without scopes has no empty `scope`.
#[tokio::test]
async fn a_token_without_scopes_has_none() {
    let app = App::new();
    let pair = app.login(&[]).await;
    assert!(said(&app, &pair.access_token).await.get("scope").is_none());
}

/// Row 100.
#[tokio::test]
async fn tokens_of_an_ended_session_are_inactive() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.auth.logout(&pair.refresh_token).await.unwrap();
    for token in [&pair.access_token, &pair.refresh_token] {
        assert_eq!(said(&app, token).await, inactive());
    }
}

/// Row 100.
#[tokio::test]
async fn expired_tokens_are_inactive() {
    let app = App::new();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 3600);
    assert_eq!(said(&app, &pair.access_token).await, inactive());
    assert_eq!(said(&app, &pair.refresh_token).await["active"], true);
    app.clock.advance(SECOND * 31 * 86_400);
    assert_eq!(said(&app, &pair.refresh_token).await, inactive());
}

/// Row 100: introspection neither uses the token nor counts as a reuse.
#[tokio::test]
async fn only_the_current_refresh_token_is_active_and_asking_ends_nothing() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let next = app.refresh(&pair.refresh_token).await.text("refresh_token");
    app.clock.advance(SECOND * 3600);
    assert_eq!(said(&app, &pair.refresh_token).await, inactive());
    assert_eq!(said(&app, &next).await["active"], true);
    assert_eq!(app.refresh(&next).await.status, StatusCode::OK);
}

/// Row 100: another user's session with the same identifier does not make the token active.
#[tokio::test]
async fn a_token_of_another_user_than_its_session_is_inactive() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let mut payload = payload_of(&pair.access_token);
    payload["sub"] = json!("8");
    let token = forge_with(&access_header(), &payload, ACCESS_SECRET);
    assert_eq!(app.get("/me", Some(&token)).await.status, StatusCode::OK, "the signature is good");
    assert_eq!(said(&app, &token).await, inactive());
}

/// Row 100: where sessions are looked up, access tokens that were ended are inactive.
#[tokio::test]
async fn access_tokens_that_were_ended_are_inactive() {
    let store = Arc::new(MemoryStore::new());
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let now = Timestamp::from_unix(NOW);
    let end = now + SECOND * 86_400;
    let id = SessionId::generate(Partition::new(7)).unwrap();
    let mut record = SessionRecord::new(id, "7", TokenHash::of("jti"), now, end, end);
    record.access_not_before = Some(now);
    store.insert(record).await.unwrap();
    let token = forge(&payload_with("sid", json!(id.as_str())));
    assert_eq!(said(&app, &token).await, inactive());
    let mut later = payload_with("sid", json!(id.as_str()));
    later["iat"] = json!(NOW + 1);
    assert_eq!(said(&app, &forge(&later)).await["active"], true);
}

/// Rows 90 and 100: without an answer of the store, the token is neither active nor inactive.
#[tokio::test]
async fn a_store_that_fails_is_no_answer() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = App::with(|builder| builder.store(Arc::clone(&store)));
    let pair = app.login(&[]).await;
    store.inject(Fault::Read);
    for token in [&pair.access_token, &pair.refresh_token] {
        assert!(matches!(app.auth.introspect(token).await, Err(AuthError::Unavailable(_))));
    }
}

/// Row 100: a server checks that the token is meant for it (RFC 7662 section 4), so the token's own audiences are told.
#[tokio::test]
async fn the_answer_names_every_audience_and_the_client_of_the_token() {
    let app = App::with(|builder| builder.audience("https://files.test").client_id("web"));
    let pair = app.login(&[]).await;
    let answer = said(&app, &pair.access_token).await;
    assert_eq!(
        (&answer["aud"], &answer["client_id"]),
        (&json!([AUDIENCE, "https://files.test"]), &json!("web"))
    );
    // A token of another server that is for this one too.
    let mut payload = payload_of(&pair.access_token);
    payload["aud"] = json!(["https://elsewhere.test", AUDIENCE]);
    payload["client_id"] = json!("another");
    let answer = said(&app, &forge(&payload)).await;
    assert_eq!((&answer["aud"], &answer["client_id"]), (&payload["aud"], &json!("another")));
}

/// Row 147: the answer about a token does not contain it, and of a refresh token not its identifier either.
#[tokio::test]
async fn no_token_is_in_the_answer() {
    let app = App::new();
    let pair = app.login(&[]).await;
    for token in [&pair.access_token, &pair.refresh_token] {
        assert!(!said(&app, token).await.to_string().contains("eyJ"));
    }
    let id = payload_of(&pair.refresh_token)["jti"].as_str().unwrap().to_owned();
    assert!(!said(&app, &pair.refresh_token).await.to_string().contains(&id));
}
