//! The guard decides before anything else runs.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use countersign::session::SessionId;
use countersign::{AuthRouter, Session, Timestamp, authenticated, routes};
use http_body::Frame;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{App, AppState, NOW, Role, User, VERIFICATIONS, forge, key, payload_with, request};

/// Rows 48 and 62.
#[tokio::test]
async fn route_without_a_token_is_401_and_the_handler_does_not_run() {
    let app = App::new();
    for path in ["/me", "/admin"] {
        let answer = app.get(path, None).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some("Bearer realm=\"https://issuer.test\""));
        assert!(!app.handler_ran());
    }
}

/// Row 48: the attribute alone refuses, without an argument for the user.
#[tokio::test]
async fn handler_that_does_not_take_the_user_is_guarded_all_the_same() {
    #[authenticated]
    #[utoipa::path(get, path = "/alone")]
    async fn alone() {}
    let app = App::routed(|router| router.routes(routes!(alone)));
    let answer = app.get("/alone", None).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    app.get("/alone", Some("not-a-token")).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let pair = app.login(&[]).await;
    assert_eq!(app.get("/alone", Some(&pair.access_token)).await.status, StatusCode::OK);
}

/// Row 49.
#[tokio::test]
async fn token_without_the_role_is_403_and_the_handler_does_not_run() {
    let app = App::new();
    for roles in [&[][..], &[Role::Member], &[Role::Editor], &[Role::Support]] {
        let pair = app.login(roles).await;
        let answer = app.get("/admin", Some(&pair.access_token)).await;
        answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
        assert_eq!(
            answer.header(header::WWW_AUTHENTICATE),
            Some("Bearer realm=\"https://issuer.test\", error=\"insufficient_scope\"")
        );
        assert!(!app.handler_ran());
    }
}

/// Row 50.
#[tokio::test]
async fn every_role_above_the_demanded_one_passes() {
    let app = App::new();
    for (role, status) in [
        (Role::Member, StatusCode::FORBIDDEN),
        (Role::Editor, StatusCode::CREATED),
        (Role::Admin, StatusCode::CREATED),
        (Role::Support, StatusCode::CREATED),
    ] {
        let pair = app.login(&[role]).await;
        let answer =
            app.send(request(Method::POST, "/posts", Some(&pair.access_token), Body::from("{}"))).await;
        assert_eq!(answer.status, status, "{role}");
        assert_eq!(app.handler_ran(), status == StatusCode::CREATED);
    }
}

/// Row 42.
#[tokio::test]
async fn role_name_that_the_application_does_not_know_is_ignored() {
    let app = App::new();
    let token = forge(&payload_with("roles", json!(["superuser", "member", "Admin"])));
    assert_eq!(app.get("/me", Some(&token)).await.json()["roles"], json!(["member"]));
    assert_eq!(app.get("/admin", Some(&token)).await.status, StatusCode::FORBIDDEN);
}

/// A body that records whether it was read.
struct Watched {
    polled: Arc<AtomicBool>,
}

impl axum::body::HttpBody for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.polled.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }
}

/// Row 52.
#[tokio::test]
async fn body_is_not_read_before_the_guard_has_decided() {
    let app = App::new();
    let member = app.login(&[Role::Member]).await;
    for (token, status) in
        [(None, StatusCode::UNAUTHORIZED), (Some(&member.access_token), StatusCode::FORBIDDEN)]
    {
        let polled = Arc::new(AtomicBool::new(false));
        let body = Body::new(Watched { polled: Arc::clone(&polled) });
        let answer = app.send(request(Method::POST, "/posts", token.map(String::as_str), body)).await;
        assert_eq!(answer.status, status);
        assert!(!polled.load(Ordering::SeqCst));
    }
}

/// Row 52.
#[tokio::test]
async fn malformed_body_without_a_token_is_401_and_with_one_400() {
    let app = App::new();
    let answer = app.send(request(Method::POST, "/posts", None, Body::from("{"))).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let editor = app.login(&[Role::Editor]).await;
    let answer = app.send(request(Method::POST, "/posts", Some(&editor.access_token), Body::from("{"))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

/// `/posts` needs the session four times: for the guard, `User`, `Session<User>` and `Option<User>`.
#[tokio::test]
async fn a_request_verifies_its_token_once() {
    let app = App::new();
    let token = forge(&payload_with("roles", json!(["editor"])));
    let before = VERIFICATIONS.get();
    let answer = app.send(request(Method::POST, "/posts", Some(&token), Body::from("{}"))).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(VERIFICATIONS.get() - before, 1);
}

/// Row 59.
#[tokio::test]
async fn optional_route_knows_anonymous_callers_but_refuses_bad_tokens() {
    let app = App::new();
    assert_eq!(app.get("/greeting", None).await.body, "hello");
    let pair = app.login(&[]).await;
    assert_eq!(
        app.get("/greeting", Some(&pair.access_token)).await.body,
        format!("hello {}", User::with(&[]).name)
    );
    app.get("/greeting", Some("not-a-token")).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Rows 59 and 149: credentials of another layer are none here; a bad token is refused.
#[tokio::test]
async fn optional_route_refuses_a_bad_token_and_ignores_another_scheme() {
    let app = App::new();
    let ask = async |value: &str| {
        let request = Request::builder().uri("/greeting").header(header::AUTHORIZATION, value);
        app.send(request.body(Body::empty()).unwrap()).await
    };
    for value in ["Basic dXNlcjpwYXNz", "", "Bearer", "DPoP a.b.c"] {
        assert_eq!(ask(value).await.status, StatusCode::OK, "{value}");
    }
    ask("Bearer  a.b.c").await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 62: the extractor alone answers as the guard does.
#[tokio::test]
async fn claims_as_the_first_argument_demand_a_token() {
    #[utoipa::path(get, path = "/mine")]
    async fn mine(user: User) -> String {
        user.name
    }
    let app = App::routed(|router| router.routes(routes!(mine)));
    let answer = app.get("/mine", None).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some("Bearer realm=\"https://issuer.test\""));
}

#[tokio::test]
async fn session_tells_what_its_token_says() {
    #[utoipa::path(get, path = "/session")]
    async fn session(session: Session<User>) -> Json<Value> {
        Json(json!({
            "id": session.id().map(SessionId::as_str), "token_id": session.token_id(), "user": session.claims().id,
            "issued": session.issued_at().unix(), "expires": session.expires_at().unix(),
            "authenticated": session.authenticated_at().map(Timestamp::unix),
        }))
    }
    let app = App::routed(|router| router.routes(routes!(session)));
    let token = forge(&payload_with("auth_time", json!(NOW - 500)));
    assert_eq!(
        app.get("/session", Some(&token)).await.json(),
        json!({
            "id": "AAAAAAAAAAAAAAAAAAAAAA", "token_id": "token-1", "user": 7,
            "issued": NOW, "expires": NOW + 900, "authenticated": NOW - 500,
        })
    );
}

#[tokio::test]
async fn public_route_does_not_look_at_credentials() {
    let app = App::new();
    assert_eq!(app.get("/health", None).await.status, StatusCode::OK);
    assert_eq!(app.get("/health", Some("not-a-token")).await.status, StatusCode::OK);
}

/// Row 53.
#[tokio::test]
async fn other_methods_are_guarded_or_not_allowed() {
    let app = App::new();
    let status = async |method| app.send(request(method, "/admin", None, Body::empty())).await.status;
    assert_eq!(status(Method::HEAD).await, StatusCode::UNAUTHORIZED);
    for method in [Method::OPTIONS, Method::TRACE, Method::POST, Method::from_bytes(b"BREW").unwrap()] {
        assert_eq!(status(method).await, StatusCode::METHOD_NOT_ALLOWED);
    }
}

/// Row 54.
#[tokio::test]
async fn variants_of_a_guarded_path_do_not_reach_the_handler() {
    let app = App::new();
    for path in ["//admin", "/admin/", "/ADMIN", "/x/%2e%2e/admin", "/admin;x", "/%61dmin"] {
        let answer = app.get(path, None).await;
        assert!(matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED), "{path}");
        assert!(!app.handler_ran());
    }
}

/// Row 67.
#[tokio::test]
async fn token_in_the_query_string_is_ignored() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let answer = app.get(&format!("/me?access_token={}", pair.access_token), None).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

/// Row 66: a client that has no token yet sends the scheme alone.
#[tokio::test]
async fn a_bearer_scheme_with_nothing_behind_it_is_no_credentials() {
    let app = App::new();
    for value in ["Bearer", "Bearer ", "bearer   "] {
        let send = |path: &str| {
            let request = Request::builder().uri(path).header(header::AUTHORIZATION, value);
            app.send(request.body(Body::empty()).unwrap())
        };
        let answer = send("/me").await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some("Bearer realm=\"https://issuer.test\""));
        assert_eq!(send("/greeting").await.body, "hello", "{value:?}");
    }
}

/// Rows 64 and 66.
#[tokio::test]
async fn malformed_credentials_are_400() {
    let app = App::new();
    let pair = app.login(&[]).await;
    let good = format!("Bearer {}", pair.access_token);
    let ask = async |headers: &[&str]| {
        let mut request = Request::builder().uri("/me");
        for value in headers {
            request = request.header(header::AUTHORIZATION, *value);
        }
        app.send(request.body(Body::empty()).unwrap()).await
    };
    for headers in [&["Bearer", &good][..], &["Basic dXNlcjpwYXNz", &good], &[&good.replace(' ', "   ")]] {
        assert_eq!(ask(headers).await.status, StatusCode::OK, "{headers:?}");
    }
    for headers in [[good.as_str(), &good], ["Bearer a.b.c", &good]] {
        let answer = ask(&headers).await;
        answer.refused(StatusCode::BAD_REQUEST, "invalid_request");
        let challenge = answer.header(header::WWW_AUTHENTICATE).unwrap();
        assert!(challenge.contains("error=\"invalid_request\""), "{challenge}");
    }
}

/// Row 65.
#[tokio::test]
async fn bearer_scheme_is_read_in_any_letter_case() {
    let app = App::new();
    let pair = app.login(&[]).await;
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let request = Request::builder()
            .uri("/me")
            .header(header::AUTHORIZATION, format!("{scheme} {}", pair.access_token));
        assert_eq!(app.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
    }
}

/// Two `Auth`s in one request, as nested routers or layers make it: each verifies for itself.
#[tokio::test]
async fn session_verified_by_one_auth_is_not_taken_over_by_another() {
    async fn ask_first(
        State(_): State<AppState>,
        _: Option<User>,
        request: Request<Body>,
        next: Next,
    ) -> Response {
        next.run(request).await
    }
    let outer = App::new();
    let pair = outer.login(&[]).await;
    let another_key = || key(b"MhSH3wKMjdRhZdyknU0Vj21Yj8IiDY4VD0jK2sKejZrMbPVz");
    for inner in [
        App::with(|builder| builder.issuer("https://other.test")),
        // Same issuer, so the same realm.
        App::with(|builder| builder.access_key(another_key())),
    ] {
        assert_eq!(inner.get("/me", Some(&pair.access_token)).await.status, StatusCode::UNAUTHORIZED);
        let state = AppState { auth: outer.auth.clone(), handler_ran: Arc::default() };
        let layered = inner.router.clone().layer(from_fn_with_state(state, ask_first));
        let request = request(Method::GET, "/me", Some(&pair.access_token), Body::empty());
        assert_eq!(layered.oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn credentials_that_a_layer_changed_are_verified_again() {
    async fn strip(State(_): State<AppState>, _: User, mut request: Request<Body>, next: Next) -> Response {
        request.headers_mut().remove(header::AUTHORIZATION);
        next.run(request).await
    }
    let app = App::new();
    let state = AppState { auth: app.auth.clone(), handler_ran: Arc::default() };
    let pair = app.login(&[]).await;
    let layered = app.router.clone().layer(from_fn_with_state(state, strip));
    let request = request(Method::GET, "/me", Some(&pair.access_token), Body::empty());
    assert_eq!(layered.oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn state_may_be_shared_in_an_arc() {
    #[authenticated]
    #[utoipa::path(get, path = "/shared")]
    async fn shared(State(state): State<Arc<AppState>>, user: User) -> String {
        assert!(Arc::strong_count(&state) > 1);
        user.id.to_string()
    }
    let app = App::new();
    let state = Arc::new(AppState { auth: app.auth.clone(), handler_ran: Arc::default() });
    let (router, _) =
        AuthRouter::new().routes(routes!(shared)).with_state(Arc::clone(&state)).split_for_parts();
    let pair = app.login(&[]).await;
    let status = async |token: Option<&str>| {
        let request = request(Method::GET, "/shared", token, Body::empty());
        router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(status(None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(Some(&pair.access_token)).await, StatusCode::OK);
}
