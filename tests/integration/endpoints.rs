//! The endpoints of sessions, mounted with `auth.routes()`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{AuthBuilder, AuthRouter, TokenPair};
use serde_json::{Value, json};

use crate::browser;
use crate::support::{Answer, App, NOW, SECOND, User, payload_of, request};

/// With the endpoints of `auth.routes()`.
pub(crate) fn mounted(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> App {
    let app = browser::app(configure);
    let endpoints = AuthRouter::new().routes(app.auth.routes().nest("/auth"));
    let (router, api) = endpoints.split_for_parts();
    App { router: app.router.clone().merge(router), api, ..app }
}

fn app() -> App {
    mounted(|builder| builder)
}

pub(crate) async fn call(app: &App, method: Method, path: &str, token: Option<&str>, body: &str) -> Answer {
    app.send(request(method, &format!("/auth{path}"), token, Body::from(body.to_owned()))).await
}

async fn sign_out(app: &App, access_token: Option<&str>, refresh_token: Option<&str>) -> StatusCode {
    let body = refresh_token.map_or_else(String::new, |token| json!({ "refresh_token": token }).to_string());
    let answer = call(app, Method::POST, "/logout", access_token, &body).await;
    assert!(answer.body.is_empty());
    answer.status
}

async fn ids(app: &App, user: u64) -> Vec<String> {
    let sessions = app.auth.sessions(&user).await.unwrap();
    sessions.into_iter().map(|session| session.id.to_string()).collect()
}

async fn login_of(app: &App, user: u64) -> TokenPair {
    let claims = User { id: user, ..User::with(&[]) };
    app.auth.login(&claims, SessionMetadata::default()).await.unwrap()
}

fn session_of(pair: &TokenPair) -> String {
    payload_of(&pair.access_token)["sid"].as_str().unwrap().to_owned()
}

/// Row 91.
#[tokio::test]
async fn no_answer_is_stored_or_says_where_to_go() {
    let app = app();
    let pair = app.login(&[]).await;
    let own = format!("/sessions/{}", session_of(&pair));
    let mut statuses = Vec::new();
    for (method, path, body) in [
        (Method::GET, "/sessions", ""),
        (Method::DELETE, "/sessions", ""),
        (Method::DELETE, "/sessions/nonsense", ""),
        (Method::DELETE, own.as_str(), ""),
        (Method::POST, "/logout-all", ""),
        (Method::POST, "/logout", ""),
        (Method::POST, "/logout", "{"),
        (Method::POST, "/refresh", "{}"),
    ] {
        for token in [Some(pair.access_token.as_str()), Some("nonsense"), None] {
            let answer = call(&app, method.clone(), path, token, body).await;
            assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"), "{method} {path}");
            assert_eq!(answer.header(header::LOCATION), None);
            statuses.push(answer.status.as_u16());
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [200, 204, 400, 401, 404]);
}

/// Row 93.
#[tokio::test]
async fn logout_answers_alike_whether_there_is_something_to_end_or_not() {
    let app = app();
    let pair = app.login(&[]).await;
    let (access, refresh) = (Some(pair.access_token.as_str()), Some(pair.refresh_token.as_str()));
    for (access, refresh) in [
        (access, None),
        (access, None),
        (None, refresh),
        (access, refresh),
        (Some("a.b.c"), Some("")),
        (None, None),
    ] {
        assert_eq!(sign_out(&app, access, refresh).await, StatusCode::NO_CONTENT);
        if access.is_some() {
            assert!(ids(&app, 7).await.is_empty());
        }
    }
    app.refresh(&pair.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 93.
#[tokio::test]
async fn an_expired_access_token_still_signs_out() {
    let app = app();
    let pair = app.login(&[]).await;
    app.clock.advance(SECOND * 3600);
    assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_out(&app, Some(&pair.access_token), None).await, StatusCode::NO_CONTENT);
    assert!(ids(&app, 7).await.is_empty());
}

/// Row 93: tokens that were mixed up leave neither session behind.
#[tokio::test]
async fn logout_ends_the_session_of_each_token() {
    let app = app();
    let (one, other) = (app.login(&[]).await, app.login(&[]).await);
    sign_out(&app, Some(&one.access_token), Some(&other.refresh_token)).await;
    assert!(ids(&app, 7).await.is_empty());
}

#[tokio::test]
async fn credentials_of_another_scheme_are_none_of_logouts_business() {
    let app = app();
    let pair = app.login(&[]).await;
    let body = Body::from(json!({ "refresh_token": pair.refresh_token }).to_string());
    let mut request = request(Method::POST, "/auth/logout", None, body);
    request.headers_mut().insert(header::AUTHORIZATION, "Basic dXNlcjpwYXNz".parse().unwrap());
    assert_eq!(app.send(request).await.status, StatusCode::NO_CONTENT);
    assert!(ids(&app, 7).await.is_empty());
}

/// Rows 64 and 93: what cannot be read is no logout that seems to have worked.
#[tokio::test]
async fn a_malformed_logout_is_refused_and_ends_nothing() {
    let app = app();
    let pair = app.login(&[]).await;
    let access = Some(pair.access_token.as_str());
    let too_long = json!({ "refresh_token": "x".repeat(1 << 20) }).to_string();
    for body in ["{", "null", r#"{"refresh_token":5}"#, r#"{"token_type_hint":"access_token"}"#, &too_long] {
        let answer = call(&app, Method::POST, "/logout", access, body).await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let mut text = request(Method::POST, "/auth/logout", access, Body::from("refresh_token=x"));
    text.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    app.send(text).await.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    let mut request = request(Method::POST, "/auth/logout", None, Body::empty());
    for _ in 0..2 {
        request.headers_mut().append(header::AUTHORIZATION, "Bearer a.b.c".parse().unwrap());
    }
    app.send(request).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(ids(&app, 7).await.len(), 1);
}

#[tokio::test]
async fn logout_needs_no_body_whatever_the_type_it_says() {
    let app = app();
    let pair = app.login(&[]).await;
    let mut bare = request(Method::POST, "/auth/logout", Some(&pair.access_token), Body::empty());
    bare.headers_mut().remove(header::CONTENT_TYPE);
    assert_eq!(app.send(bare).await.status, StatusCode::NO_CONTENT);
    assert!(ids(&app, 7).await.is_empty());
}

/// Rows 90 and 93: who is told that they are signed out is signed out.
#[tokio::test]
async fn no_endpoint_claims_what_the_store_did_not_do() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let app = mounted(|builder| builder.store(Arc::clone(&store)));
    let pair = app.login(&[]).await;
    app.login(&[]).await;
    let own = format!("/sessions/{}", session_of(&pair));
    for (fault, method, path) in [
        (Fault::BeforeWrite, Method::POST, "/logout"),
        (Fault::BeforeWrite, Method::POST, "/logout-all"),
        (Fault::BeforeWrite, Method::DELETE, "/sessions"),
        (Fault::BeforeWrite, Method::DELETE, own.as_str()),
        (Fault::Read, Method::DELETE, own.as_str()),
        (Fault::Read, Method::GET, "/sessions"),
    ] {
        store.inject(fault);
        let answer = call(&app, method, path, Some(&pair.access_token), "").await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        assert!(!String::from_utf8_lossy(&answer.body).contains("fault"));
        store.heal();
        assert_eq!(ids(&app, 7).await.len(), 2, "{path}");
    }
}

#[tokio::test]
async fn logout_all_ends_every_session_of_the_caller_and_of_nobody_else() {
    let app = app();
    let pair = app.login(&[]).await;
    app.login(&[]).await;
    login_of(&app, 8).await;
    let answer = call(&app, Method::POST, "/logout-all", Some(&pair.access_token), "").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!((ids(&app, 7).await.len(), ids(&app, 8).await.len()), (0, 1));
}

/// Row 98.
#[tokio::test]
async fn the_list_shows_what_a_user_recognises_a_session_by_and_no_token_material() {
    let app = app();
    let laptop = SessionMetadata::default()
        .with_address([192, 0, 2, 7].into())
        .with_user_agent("curl/8")
        .with_device_label("laptop");
    app.auth.login(&User::with(&[]), laptop).await.unwrap();
    app.clock.advance(SECOND * 60);
    let pair = app.login(&[]).await;
    login_of(&app, 8).await;
    let [current, laptop] = ids(&app, 7).await.try_into().unwrap();
    let answer = call(&app, Method::GET, "/sessions", Some(&pair.access_token), "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    let mut list = answer.json();
    let now = NOW + 60;
    let expected = json!({ "sessions": [
        { "id": current, "current": true, "created_at": now, "last_used_at": now },
        {
            "id": laptop, "current": false, "created_at": NOW, "last_used_at": NOW,
            "address": "192.0.2.7", "user_agent": "curl/8", "device_label": "laptop",
        },
    ] });
    assert_eq!(list, expected);
    let token = payload_of(&pair.refresh_token);
    list["sessions"][0]["id"] = Value::Null;
    assert!(!list.to_string().contains(token["jti"].as_str().unwrap()));
}

/// The list has pages of a hundred, the newest first, also of sign-ins within one second. What is no cursor of this user's list is a 400.
#[tokio::test]
async fn the_list_of_sessions_is_read_page_by_page() {
    let app = app();
    let mut newest_first = Vec::new();
    for _ in 0..250 {
        newest_first.insert(0, session_of(&login_of(&app, 7).await));
    }
    let pair = app.login(&[]).await;
    newest_first.insert(0, session_of(&pair));
    let (mut listed, mut lengths, mut path) = (Vec::new(), Vec::new(), "/sessions".to_owned());
    loop {
        let page = call(&app, Method::GET, &path, Some(&pair.access_token), "").await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let page = page.json();
        let sessions = page["sessions"].as_array().unwrap();
        lengths.push(sessions.len());
        listed.extend(sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/sessions?after={next}");
    }
    assert_eq!(lengths, [100, 100, 51]);
    assert_eq!(listed, newest_first);

    for _ in 0..101 {
        login_of(&app, 8).await;
    }
    let other = login_of(&app, 8).await;
    let theirs = call(&app, Method::GET, "/sessions", Some(&other.access_token), "").await.json();
    let theirs = theirs["next"].as_str().unwrap();
    let last = path.trim_start_matches("/sessions?after=");
    let twice = format!("{last}&after={last}");
    for after in ["", "x", theirs, &"A".repeat(43), &twice, &format!("{last}A")] {
        let path = format!("/sessions?after={after}");
        let answer = call(&app, Method::GET, &path, Some(&pair.access_token), "").await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let other_parameter = call(&app, Method::GET, "/sessions?before=1", Some(&pair.access_token), "").await;
    assert_eq!(other_parameter.status, StatusCode::OK);
}

/// A list without the session of the request is no honest answer: the session has ended meanwhile.
#[tokio::test]
async fn a_list_without_the_current_session_is_401() {
    let store = MemoryStore::new();
    let other_server = mounted(|builder| builder.store(store.clone()));
    let app = mounted(|builder| builder.store(store).live_cache(SECOND * 60, 10));
    let pair = app.login(&[]).await;
    let list = async || call(&app, Method::GET, "/sessions", Some(&pair.access_token), "").await;
    assert_eq!(list().await.status, StatusCode::OK);
    other_server.auth.logout_all(&7).await.unwrap();
    list().await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 95.
#[tokio::test]
async fn a_session_of_ones_own_is_revoked_once() {
    let app = app();
    let (pair, other) = (app.login(&[]).await, app.login(&[]).await);
    let path = format!("/sessions/{}", session_of(&other));
    let answer = call(&app, Method::DELETE, &path, Some(&pair.access_token), "").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(ids(&app, 7).await, [session_of(&pair)]);
    let again = call(&app, Method::DELETE, &path, Some(&pair.access_token), "").await;
    again.refused(StatusCode::NOT_FOUND, "not_found");
    app.refresh(&other.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
}

/// Row 95: nothing tells them apart.
#[tokio::test]
async fn unknown_foreign_and_malformed_sessions_look_alike() {
    let app = app();
    let (pair, foreign) = (app.login(&[]).await, login_of(&app, 8).await);
    let long = "A".repeat(5000);
    let mut answers = Vec::new();
    for id in
        [&session_of(&foreign), "AAAAAAAAAAAAAAAAAAAAAA", "nonsense", "%FF%FE", "..%2F..%2Fetc", "%00", &long]
    {
        let path = format!("/sessions/{id}");
        let answer = call(&app, Method::DELETE, &path, Some(&pair.access_token), "").await;
        answer.refused(StatusCode::NOT_FOUND, "not_found");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
        answers.push((answer.headers, answer.body));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!((ids(&app, 7).await.len(), ids(&app, 8).await.len()), (1, 1));
}

/// Row 96.
#[tokio::test]
async fn revoking_the_others_keeps_the_callers_session() {
    let app = app();
    let (pair, other) = (app.login(&[]).await, app.login(&[]).await);
    login_of(&app, 8).await;
    for _ in 0..2 {
        let answer = call(&app, Method::DELETE, "/sessions", Some(&pair.access_token), "").await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
        assert_eq!(ids(&app, 7).await, [session_of(&pair)]);
    }
    assert_eq!(ids(&app, 8).await.len(), 1);
    app.refresh(&other.refresh_token).await.refused(StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.refresh(&pair.refresh_token).await.status, StatusCode::OK);
}

/// Row 95: who is not signed in learns nothing of identifiers either.
#[tokio::test]
async fn a_caller_who_is_not_signed_in_is_asked_to_before_anything_else() {
    let app = app();
    let pair = app.login(&[]).await;
    let own = format!("/sessions/{}", session_of(&pair));
    for (method, path) in [
        (Method::POST, "/logout-all"),
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions"),
        (Method::DELETE, own.as_str()),
        (Method::DELETE, "/sessions/nonsense"),
    ] {
        let answer = call(&app, method.clone(), path, None, "").await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert!(answer.header(header::WWW_AUTHENTICATE).unwrap().starts_with("Bearer"));
        let refresh_token = Some(pair.refresh_token.as_str());
        let answer = call(&app, method, path, refresh_token, "").await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert_eq!(ids(&app, 7).await.len(), 1);
}

/// Row 94: who holds a token of a session that was ended looks after nobody's sessions.
#[tokio::test]
async fn the_access_token_of_an_ended_session_opens_no_endpoint() {
    let app = app();
    let (stolen, kept) = (app.login(&[]).await, app.login(&[]).await);
    sign_out(&app, Some(&stolen.access_token), None).await;
    assert_eq!(app.get("/me", Some(&stolen.access_token)).await.status, StatusCode::OK);
    let path = format!("/sessions/{}", session_of(&kept));
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions"),
        (Method::DELETE, path.as_str()),
        (Method::POST, "/logout-all"),
    ] {
        let answer = call(&app, method, path, Some(&stolen.access_token), "").await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert_eq!(ids(&app, 7).await, [session_of(&kept)]);
}
