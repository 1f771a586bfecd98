//! The document as a route.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use utoipa::openapi::OpenApi;

use crate::asset::{Asset, Caching};

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
pub fn openapi_json<S>(path: &str, api: OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let document = match api.to_json() {
        Ok(json) => Asset::new("application/json", json),
        Err(error) => {
            tracing::error!(target: crate::TARGET, %error, "the OpenAPI document cannot be written as JSON");
            return Router::new().route(path, get(StatusCode::INTERNAL_SERVER_ERROR));
        }
    };
    let document = Arc::new(document);
    Router::new()
        .route(path, get(async move |headers: HeaderMap| document.respond(&headers, Caching::Revalidate)))
}
