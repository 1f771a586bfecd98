//! The router that takes only handlers that say who may call them, and writes their OpenAPI document.

mod routes;

use std::fmt;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::{OpenApi, PathItem, Paths};

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::matrix::{AccessMatrix, AccessRow};
use crate::openapi;
use crate::openapi::transports::Scheme;

pub(crate) use routes::Document;
use routes::Documentation;
pub use routes::{Documentable, Documented, IntoRoutes, Routes};

/// A router that takes only handlers that say who may call them, and keeps their OpenAPI document.
///
/// The document is computed from the type that enforces, so the two cannot disagree: `security` with the names of
/// roles, 401 and 403 with their schema, an empty `security` and the reason on public operations.
///
/// `S` is the state that handlers still miss, as in [`axum::Router`]. See [`routes!`](crate::routes) for an example.
///
#[doc = include_str!("openapi/x_access.md")]
pub struct AuthRouter<S = ()> {
    router: Router<S>,
    openapi: OpenApi,
    computed: Paths,
    schemes: Vec<Scheme>,
    rows: Vec<AccessRow>,
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// A router without routes, whose document has a placeholder for a title.
    #[must_use]
    pub fn new() -> Self {
        Self::with_openapi(openapi::empty())
    }

    /// A router without routes that writes into a document of yours: its title, servers, tags and components stay.
    ///
    /// What the document already says about an operation that [`routes`](Self::routes) adds is replaced, and so is its
    /// security scheme `bearer`: both follow from what the server enforces.
    #[must_use]
    pub fn with_openapi(mut openapi: OpenApi) -> Self {
        openapi::complete(&mut openapi);
        Self { router: Router::new(), openapi, computed: Paths::new(), schemes: Vec::new(), rows: Vec::new() }
    }

    /// Adds the handlers of [`routes!`](crate::routes), each at the path that its document says, or the endpoints of
    /// [`Auth::routes`](crate::Auth::routes).
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does: when a path is malformed, or has the same method twice.
    #[must_use]
    #[track_caller]
    pub fn routes(mut self, routes: impl IntoRoutes<S>) -> Self {
        let Routes { routes, schemes } = routes.into_routes();
        self.schemes.extend(schemes);
        for Documentation { document, methods, access, declared, roles } in routes {
            let Document { mut path, methods: names, operation, schemas } = document;
            if path.is_empty() {
                path.push('/');
            }
            self.rows.extend(names.iter().map(|method| AccessRow {
                method: routes::name(method).to_owned(),
                path: path.clone(),
                access,
                declared,
                documented: true,
                roles,
            }));
            self.router = self.router.route(&path, methods);
            openapi::replace(&mut self.computed, path, PathItem::from_http_methods(names, operation));
            openapi::add_schemas(&mut self.openapi, schemas);
        }
        self.with_computed()
    }

    /// Adds the routes of another router under a prefix, as [`Router::nest`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::nest`] does: when the prefix is empty or malformed, or two routes overlap.
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        openapi::nest(&mut self.openapi, prefix, other.openapi);
        openapi::nest_paths(&mut self.computed, prefix, other.computed);
        self.schemes.extend(other.schemes);
        self.rows.extend(other.rows.into_iter().map(|row| {
            let path = openapi::nested(prefix, &row.path);
            AccessRow { path, ..row }
        }));
        self.router = self.router.nest(prefix, other.router);
        self.with_computed()
    }

    /// Adds the routes of another router, as [`Router::merge`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::merge`] does: when two routes overlap.
    #[must_use]
    #[track_caller]
    pub fn merge(mut self, other: Self) -> Self {
        self.openapi.merge(other.openapi);
        self.computed.merge(other.computed);
        self.schemes.extend(other.schemes);
        self.rows.extend(other.rows);
        self.router = self.router.merge(other.router);
        self.with_computed()
    }

    /// Writes what was computed over what the document held for the same operations.
    fn with_computed(mut self) -> Self {
        for (path, item) in &self.computed.paths {
            openapi::replace(&mut self.openapi.paths, path.clone(), item.clone());
        }
        openapi::complete_schemes(&mut self.openapi, &self.computed);
        openapi::transports::describe(&mut self.openapi, &self.schemes);
        self
    }

    /// Says in the document where else than in the `Authorization` header this `Auth` takes access tokens: the access cookie, the
    /// named header, the query, that a browser refreshes without a body, and that [`Liveness::Always`](crate::Liveness::Always) asks the
    /// store, which may not answer. Routes may be added before and after.
    ///
    /// The document is written before the router gets its state, so it cannot know this by itself. Without this call, and without
    /// the endpoints of [`Auth::routes`](crate::Auth::routes), which bring it along, it is true and not the whole truth.
    #[must_use]
    pub fn describe<C: SessionClaims>(mut self, auth: &Auth<C>) -> Self {
        self.schemes.extend(openapi::transports::schemes(auth.transports(), auth.liveness()));
        self.with_computed()
    }

    /// Adds routes that nobody declared an access for: they are open to anybody, and missing from the document.
    ///
    /// This is the way past the compile-time check that declares nothing. (The other is a hand-written
    /// [`DeclaresAccess`](crate::DeclaresAccess) on an extractor of yours, which is believed.) The reason is logged when
    /// the router is built, under the target `countersign`.
    ///
    /// # Panics
    ///
    /// When the reason is empty, and as [`Router::merge`] does.
    #[must_use]
    #[track_caller]
    pub fn unguarded(mut self, reason: &str, router: Router<S>) -> Self {
        assert!(!reason.trim().is_empty(), "`AuthRouter::unguarded` needs a reason");
        tracing::warn!(target: crate::TARGET, reason, "routes without a declared access were added");
        self.router = self.router.merge(router);
        self
    }

    /// Runs a layer around every route so far, as [`Router::layer`] does.
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
        AuthRouter {
            router: self.router.with_state(state),
            openapi: self.openapi,
            computed: self.computed,
            schemes: self.schemes,
            rows: self.rows,
        }
    }

    /// Who may call what, so far.
    pub fn access_matrix(&self) -> AccessMatrix {
        AccessMatrix::new(self.rows.clone())
    }

    /// The document so far.
    pub fn openapi(&self) -> &OpenApi {
        &self.openapi
    }

    /// The document, without the router.
    #[must_use]
    pub fn into_openapi(self) -> OpenApi {
        self.openapi
    }

    /// The router for `axum::serve`, and the document for [`openapi_json`](crate::openapi_json).
    pub fn split_for_parts(self) -> (Router<S>, OpenApi) {
        (self.router, self.openapi)
    }
}

impl<S: Clone + Send + Sync + 'static> Default for AuthRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// The router without its document; so `axum::Router::merge` takes an [`AuthRouter`] as it is.
impl<S> From<AuthRouter<S>> for Router<S> {
    fn from(router: AuthRouter<S>) -> Self {
        router.router
    }
}

impl<S> Clone for AuthRouter<S> {
    fn clone(&self) -> Self {
        Self {
            router: self.router.clone(),
            openapi: self.openapi.clone(),
            computed: self.computed.clone(),
            schemes: self.schemes.clone(),
            rows: self.rows.clone(),
        }
    }
}

impl<S> fmt::Debug for AuthRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRouter").field("paths", &self.openapi.paths.paths.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
