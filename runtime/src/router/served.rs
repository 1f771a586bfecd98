//! The router that serves: with the feature `openapi` utoipa-axum's, which keeps the document of its routes too, and axum's without.

use axum::Router;
#[cfg(feature = "openapi")]
use utoipa_axum::router::OpenApiRouter;

#[cfg(feature = "openapi")]
pub(super) type Served<S> = OpenApiRouter<S>;

#[cfg(not(feature = "openapi"))]
pub(super) type Served<S> = Router<S>;

/// A router without routes.
pub(super) fn empty<S>() -> Served<S>
where
    S: Clone + Send + Sync + 'static,
{
    #[cfg(feature = "openapi")]
    return OpenApiRouter::with_openapi(crate::openapi::empty());
    #[cfg(not(feature = "openapi"))]
    return Router::new();
}

/// Changes the router of axum; the document stays.
#[cfg(feature = "openapi")]
pub(super) fn map<S, T>(served: Served<S>, change: impl FnOnce(Router<S>) -> Router<T>) -> Served<T>
where
    S: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    let (router, document) = served.split_for_parts();
    let mut served = OpenApiRouter::from(change(router));
    *served.get_openapi_mut() = document;
    served
}

#[cfg(not(feature = "openapi"))]
pub(super) fn map<S, T>(served: Router<S>, change: impl FnOnce(Router<S>) -> Router<T>) -> Router<T> {
    change(served)
}

/// Nests a router in another, with its document.
///
/// utoipa-axum 0.3 discards the operations of the outer router at a path that both have, though axum serves both
/// (<https://github.com/juhaku/utoipa/pull/1459>). They are put back here.
#[cfg(feature = "openapi")]
pub(super) fn nest<S>(outer: Served<S>, prefix: &str, inner: Served<S>) -> Served<S>
where
    S: Clone + Send + Sync + 'static,
{
    let mut present = outer.get_openapi().paths.clone();
    present.paths.retain(|path, _| path.starts_with(prefix));
    let mut nested = outer.nest(prefix, inner);
    nested.get_openapi_mut().paths.merge(present);
    nested
}

#[cfg(not(feature = "openapi"))]
pub(super) fn nest<S>(outer: Served<S>, prefix: &str, inner: Served<S>) -> Served<S>
where
    S: Clone + Send + Sync + 'static,
{
    outer.nest(prefix, inner)
}
