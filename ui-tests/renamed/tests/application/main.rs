//! The same application twice: with Countersign under another name, and with that name re-exported by a module.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

mod reexported;
mod renamed;

/// The module through which an application re-exports its dependencies.
mod kit {
    pub(crate) use ::auth_kit;
}

use auth_kit::session::SessionMetadata;
use auth_kit::store::MemoryStore;
use auth_kit::token::{Algorithm, Key};
use auth_kit::{Auth, BoxError, SessionClaims};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use tower::ServiceExt as _;

fn auth<C: SessionClaims<Subject = u64>>(user: fn(u64) -> C) -> Auth<C> {
    Auth::builder()
        .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://api.example.com")
        .audience("https://api.example.com")
        .store(MemoryStore::new())
        .claims_source(move |id| async move { Ok::<_, BoxError>(Some(user(id))) })
        .build()
        .unwrap()
}

/// The status of `GET path`, with or without a token.
async fn get(router: &Router, path: &str, token: Option<&str>) -> StatusCode {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

/// Sends the requests of a member, and checks that the attributes hold.
async fn keeps_its_promises<C: SessionClaims<Subject = u64>>(router: &Router, auth: &Auth<C>, member: &C) {
    let pair = auth.login(member, SessionMetadata::default()).await.unwrap();
    assert_eq!(get(router, "/health", None).await, StatusCode::OK);
    assert_eq!(get(router, "/me", None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(get(router, "/me", Some(&pair.access_token)).await, StatusCode::OK);
    assert_eq!(get(router, "/members", Some(&pair.access_token)).await, StatusCode::OK);
    assert_eq!(get(router, "/accounts", Some(&pair.access_token)).await, StatusCode::FORBIDDEN);
    assert_eq!(get(router, "/profile", None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(get(router, "/profile", Some(&pair.access_token)).await, StatusCode::OK);
    assert_eq!(get(router, "/scoped", Some(&pair.access_token)).await, StatusCode::FORBIDDEN);

    let body = format!(r#"{{ "refresh_token": "{}" }}"#, pair.refresh_token);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/refresh")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    assert_eq!(router.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
}
