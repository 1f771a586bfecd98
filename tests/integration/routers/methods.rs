//! HEAD, OPTIONS, TRACE and unknown methods.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_LENGTH};
use axum::http::{Method, StatusCode};
use countersign::{AuthRouter, authenticated, require_role, routes};

use super::{ask, auth, finished, panic_of, send, statuses, token};
use crate::support::{AppState, Role, User, request};

#[require_role("admin")]
#[utoipa::path(get, path = "/admin")]
async fn admin() -> &'static str {
    "for administrators"
}

#[authenticated]
#[utoipa::path(post, path = "/admin")]
async fn change() -> &'static str {
    "changed"
}

/// Row 53.
#[tokio::test]
async fn head_follows_get_and_has_no_body() {
    let auth = auth();
    let router = finished(AuthRouter::new().routes(routes!(admin, change)), &auth);
    assert_eq!(statuses(&router, Method::HEAD, "/admin").await, [401, 403, 200]);
    for token in [None, Some(token(&[])), Some(token(&[Role::Admin]))] {
        let get = ask(&router, Method::GET, "/admin", token.as_deref()).await;
        let head = ask(&router, Method::HEAD, "/admin", token.as_deref()).await;
        assert!(!get.body.is_empty() && head.body.is_empty());
        assert_eq!(get.status, head.status);
        assert_eq!(head.header(CONTENT_LENGTH), Some(&*get.body.len().to_string()));
    }
}

/// Row 53: 405; the handler does not run, and the answer does not reveal the access.
#[tokio::test]
async fn other_methods_reach_no_handler() {
    let auth = auth();
    let router = finished(AuthRouter::new().routes(routes!(admin, change)), &auth);
    for method in ["OPTIONS", "TRACE", "PUT", "DELETE", "CONNECT", "PROPFIND", "get", "GETS"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(statuses(&router, method.clone(), "/admin").await, [405, 405, 405], "{method}");
        let answer = ask(&router, method.clone(), "/admin", Some(&token(&[Role::Admin]))).await;
        assert!(answer.body.is_empty(), "{method}");
        if method != Method::CONNECT {
            assert_eq!(answer.header(ALLOW), Some("GET,HEAD,POST"), "{method}");
        }
    }
    let answer = ask(&router, Method::GET, "/administration", None).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_FOUND, 0));
}

/// Row 53.
#[test]
fn a_handler_for_trace_is_refused_at_start() {
    // Without an attribute, which would refuse it already.
    #[utoipa::path(method(get, trace), path = "/echo")]
    async fn echo(_: User) {}

    let message = panic_of(|| AuthRouter::<AppState>::new().routes(routes!(echo)));
    assert_eq!(
        message,
        "`#[utoipa::path(trace, path = \"/echo\")]`: `AuthRouter` serves no TRACE, whose answer would hold the \
         credentials of the request (RFC 9110 section 9.3.8); remove `trace`"
    );
}

/// Row 53: a header that names another method counts only if the application adds a layer for it.
#[tokio::test]
async fn a_header_makes_no_other_method() {
    let auth = auth();
    let router = finished(AuthRouter::new().routes(routes!(admin, change)), &auth);
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let mut request = request(Method::POST, "/admin?_method=GET", Some(&token(&[])), Body::empty());
        request.headers_mut().insert(name, "GET".parse().unwrap());
        let answer = send(&router, request).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, &b"changed"[..]), "{name}");
    }
}
