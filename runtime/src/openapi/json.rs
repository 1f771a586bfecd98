//! The document as a route.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use utoipa::openapi::OpenApi;

use crate::log::TARGET;
use crate::openapi::asset::{Asset, Caching};

/// A router that serves the document at `path`, as JSON, to every caller: for development.
///
/// It has no access. In a build without debug assertions (`--release`) there is therefore no route, and the log has one warning.
/// [`AuthRouter::openapi_json`](crate::AuthRouter::openapi_json) serves the document in every build, to those who have an access.
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
    served(cfg!(debug_assertions), path, &api)
}

/// As [`openapi_json`], in a build with debug assertions or without.
pub(crate) fn served<S>(debug: bool, path: &str, api: &OpenApi) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let document = written(api).map(OnceLock::from).unwrap_or_default();
    let routes = route(path, Arc::new(document));
    if debug {
        return routes;
    }
    tracing::warn!(
        target: TARGET,
        path,
        "the OpenAPI document is not served in a release build; write `AuthRouter::openapi_json(path, access)`, which says who may \
         read it"
    );
    Router::new()
}

/// The document as a file.
pub(crate) fn written(api: &OpenApi) -> Option<Asset> {
    match api.to_json() {
        Ok(json) => Some(Asset::new("application/json", json)),
        Err(error) => {
            tracing::error!(target: TARGET, %error, "the OpenAPI document cannot be written as JSON");
            None
        }
    }
}

/// The route of a document that may come later.
pub(crate) fn route<S>(path: &str, document: Arc<OnceLock<Asset>>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new().route(path, get(answer)).with_state(document)
}

async fn answer(State(document): State<Arc<OnceLock<Asset>>>, headers: HeaderMap) -> Response {
    match document.get() {
        Some(document) => document.respond(&headers, Caching::Revalidate),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
