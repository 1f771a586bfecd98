//! The answers of the endpoints, which no cache may store (RFC 6749 section 5.1).

use axum_core::body::Body;
use axum_core::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;

/// 200 with a JSON body.
pub(super) fn json(body: &impl Serialize) -> Response {
    // Every answer is a struct of strings, numbers and booleans, which always serialises.
    let mut response = not_stored(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 200 without a body.
pub(super) fn empty() -> Response {
    not_stored(Body::empty())
}

/// 204 without a body.
pub(super) fn no_content() -> Response {
    let mut response = not_stored(Body::empty());
    *response.status_mut() = http::StatusCode::NO_CONTENT;
    response
}

fn not_stored(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
