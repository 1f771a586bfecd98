//! The router that takes only handlers that say who may call them, and writes their OpenAPI document.
//!
//! [`routes!`](crate::routes) asks each handler one question after another (`handler`, `routes`): which arguments it takes, who may
//! call it, what its document says, whether axum can serve it. Services and plain routers bring an access beside them (`services`),
//! fallbacks come from `fallback!`, and pages show the document. An [`AuthRouter`] keeps three things in step: the router of axum that
//! serves, the document (`document`), and the rows of the access matrix (`listing`). `compose` puts one router into another, and `guard`
//! puts one more access around everything so far.

mod compose;
mod document;
pub(crate) mod endpoints;
mod fallback;
mod guard;
pub(crate) mod handler;
mod listing;
mod pages;
mod routes;
mod services;
mod trace;

use std::fmt;
use std::panic::Location;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use http::Method;
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::OpenApi;

use self::document::RouterDocument;
use self::listing::Listing;
use self::routes::{DocumentedRoute, method_of};
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::matrix::{AccessMatrix, AccessRow, Methods, RoutePlace};
use crate::openapi;

pub use endpoints::{Endpoint, SessionRoutes};
pub use fallback::{Fallback, IntoFallback};
pub use routes::{Documentable, Documented, IntoRoutes, Routes};
pub use services::{ServiceAccess, Unguarded};

/// A router that takes only handlers that say who may call them, and keeps their OpenAPI document.
///
/// The document is computed from the type that enforces, so the two cannot disagree: `security` with the names of
/// roles, 401 and 403 with their schema, an empty `security` and the reason on public operations.
///
/// `S` is the state that handlers still miss, as in [`axum::Router`]. See [`routes!`](crate::routes) for an example.
///
#[doc = include_str!("../openapi/x_access.md")]
pub struct AuthRouter<S = ()> {
    router: Router<S>,
    document: RouterDocument,
    listing: Listing,
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// A router without routes, whose document has a placeholder for a title.
    #[must_use]
    pub fn new() -> Self {
        Self::with_openapi(openapi::empty())
    }

    /// A router without routes that writes into a document of yours: its title, servers, tags and components stay.
    ///
    /// The operations of [`routes`](Self::routes), and the security scheme `bearer`, replace those of your document: both follow from what
    /// the server enforces.
    #[must_use]
    pub fn with_openapi(openapi: OpenApi) -> Self {
        Self { router: Router::new(), document: RouterDocument::new(openapi), listing: Listing::default() }
    }

    /// Adds the handlers of [`routes!`](crate::routes), each at the path of its document, or the endpoints of
    /// [`Auth::routes`](crate::Auth::routes).
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does: when a path is malformed, or has the same method twice. Also when a handler is documented with the method
    /// `trace`, whose answer would hold the credentials of the request (RFC 9110 section 9.3.8).
    #[must_use]
    #[track_caller]
    pub fn routes(mut self, routes: impl IntoRoutes<S>) -> Self {
        let added_at = Location::caller();
        let Routes { routes, schemes } = routes.into_routes();
        self.document.schemes.extend(schemes);
        for DocumentedRoute { mut document, methods, declaration } in routes {
            if document.path.is_empty() {
                document.path.push('/');
            }
            let path = document.path.clone();
            for (method, _) in document.methods.iter().map(method_of) {
                assert!(
                    method != Method::TRACE,
                    "`#[utoipa::path(trace, path = \"{path}\")]`: `AuthRouter` serves no TRACE, whose answer would hold the credentials \
                     of the request (RFC 9110 section 9.3.8); remove `trace`"
                );
                let place = RoutePlace::Path(path.clone());
                let row = AccessRow::new(Methods::One(method), place, declaration, added_at);
                let is_documented = document.operation.is_some();
                self.listing.rows.push(if is_documented { row.documented() } else { row });
            }
            self.router = self.router.route(&path, methods);
            self.listing.without_other_methods.push(RoutePlace::Path(path));
            self.document.add(document);
        }
        self.with_document_updated()
    }

    fn with_document_updated(mut self) -> Self {
        self.document.update(&self.listing.rows);
        self
    }

    /// Describes in the document how this `Auth` takes tokens beside the `Authorization` header: the access cookie, the named header, the
    /// query, and that a browser refreshes without a body. It also says that [`Liveness::Always`](crate::Liveness::Always) asks the store,
    /// which may not answer. Routes may be added before and after.
    ///
    /// The document is written before the router gets its state, so it cannot know this by itself. The endpoints of
    /// [`Auth::routes`](crate::Auth::routes) bring it along. Without either, the document is true and incomplete.
    #[must_use]
    pub fn describe<C: SessionClaims>(mut self, auth: &Auth<C>) -> Self {
        self.document.schemes.extend(openapi::transports::schemes(auth.transports(), auth.liveness()));
        self.with_document_updated()
    }

    /// Runs a layer around every route so far, as [`Router::layer`] does.
    ///
    /// The layer runs before everything that the router has at this moment: the guards of its handlers, and every [`guard`](Self::guard) so
    /// far. A guard that is added later runs before the layer. The layer also sees requests that a guard will refuse; its own answers are not
    /// access-checked. It cannot sign a caller in: a guard takes a session from the extensions only if this crate has verified it in this
    /// very request, for the same `Auth` and the same token.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<std::convert::Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Runs a layer around every route so far, but only when one matches, as [`Router::route_layer`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::route_layer`] does: when there are no routes yet.
    #[must_use]
    pub fn route_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<std::convert::Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.route_layer(layer);
        self
    }

    /// Gives the handlers their state, as [`Router::with_state`] does.
    #[must_use]
    pub fn with_state<T>(self, state: S) -> AuthRouter<T> {
        AuthRouter { router: self.router.with_state(state), document: self.document, listing: self.listing }
    }

    /// Who may call what, so far: every handler, service and page, and the fallbacks.
    pub fn access_matrix(&self) -> AccessMatrix {
        AccessMatrix::new(self.listing.all().cloned().collect())
    }

    /// The document so far.
    pub fn openapi(&self) -> &OpenApi {
        &self.document.openapi
    }

    /// The document, without the router.
    #[must_use]
    pub fn into_openapi(self) -> OpenApi {
        self.document.openapi
    }

    /// The router for `axum::serve`, and the document. The pages of [`openapi_json`](Self::openapi_json) and `scalar` show that document.
    pub fn split_for_parts(self) -> (Router<S>, OpenApi) {
        self.document.show();
        (self.router, self.document.openapi)
    }
}

impl<S: Clone + Send + Sync + 'static> Default for AuthRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Leaves the document behind, so that `axum::Router::merge` takes an [`AuthRouter`] as it is.
impl<S> From<AuthRouter<S>> for Router<S> {
    fn from(router: AuthRouter<S>) -> Self {
        router.document.show();
        router.router
    }
}

// A derive would ask for `S: Clone`.
impl<S> Clone for AuthRouter<S> {
    fn clone(&self) -> Self {
        Self { router: self.router.clone(), document: self.document.clone(), listing: self.listing.clone() }
    }
}

impl<S> fmt::Debug for AuthRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = &self.document.openapi.paths.paths;
        f.debug_struct("AuthRouter").field("paths", &paths.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
