//! Token responses: RFC 6749 section 5.1, and how any of them is written.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;

use crate::auth::TokenPair;

impl IntoResponse for TokenPair {
    fn into_response(self) -> Response {
        json(&self)
    }
}

/// A JSON response that nobody stores.
pub(super) fn json(body: &impl Serialize) -> Response {
    // Structs of strings and numbers always serialise.
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
