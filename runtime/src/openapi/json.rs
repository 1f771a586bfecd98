//! The document as a route.

use axum::Router;
use axum::routing::get;
use axum_core::body::Body;
use axum_core::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use utoipa::openapi::OpenApi;

/// A router that serves the document at `path`, as JSON, to anybody.
///
/// Clients may keep it and ask with `If-None-Match` whether it changed (RFC 9110 section 13.1.2). Merge the router into
/// the one of [`AuthRouter::split_for_parts`](crate::AuthRouter::split_for_parts).
///
/// ```
/// use countersign::{AuthRouter, openapi_json};
///
/// let (router, api) = AuthRouter::<()>::new().split_for_parts();
/// let router: axum::Router = router.merge(openapi_json("/openapi.json", api));
/// ```
///
/// # Panics
///
/// As [`Router::route`] does: when the path is malformed.
#[must_use]
pub fn openapi_json<S>(path: &str, api: OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let json = match serde_json::to_string(&api) {
        Ok(json) => json,
        Err(error) => {
            tracing::error!(target: crate::TARGET, %error, "the OpenAPI document cannot be written as JSON");
            return Router::new().route(path, get(StatusCode::INTERNAL_SERVER_ERROR));
        }
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&json)));
    let document = async move |headers: HeaderMap| respond(&headers, &json, &tag);
    Router::new().route(path, get(document))
}

fn respond(request: &HeaderMap, json: &str, tag: &str) -> Response {
    let known = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag);
    let mut response = Response::new(if known { Body::empty() } else { Body::from(json.to_owned()) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    response
}
