//! The router that takes only handlers that say who may call them, and writes their OpenAPI document.

mod compose;
pub(crate) mod endpoints;
mod fallback;
mod guard;
pub(crate) mod handler;
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
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{OpenApi, PathItem, Paths};

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::claims::role::Roles;
use crate::matrix::{AccessMatrix, AccessRow};
use crate::openapi::transports::Scheme;
use crate::openapi::{self, Document};

pub use endpoints::{Endpoint, SessionRoutes};
pub use fallback::{Fallback, IntoFallback};
use pages::Page;
use routes::Documentation;
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
    openapi: OpenApi,
    computed: Paths,
    schemes: Vec<Scheme>,
    rows: Vec<AccessRow>,
    /// Apart from the others, since axum drops some when routers are nested.
    fallbacks: Vec<AccessRow>,
    pages: Vec<Page>,
    /// The paths of method routers of axum that [`method_not_allowed_fallback`](Self::method_not_allowed_fallback) has not reached yet.
    without_other_methods: Vec<String>,
    /// Whether a router of axum is nested in it, which may have a fallback that nobody knows of.
    opaque: bool,
    /// Whether a router of axum is merged into it, whose fallback would be its own.
    merged: bool,
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
        Self {
            router: Router::new(),
            openapi,
            computed: Paths::new(),
            schemes: Vec::new(),
            rows: Vec::new(),
            fallbacks: Vec::new(),
            pages: Vec::new(),
            without_other_methods: Vec::new(),
            opaque: false,
            merged: false,
        }
    }

    /// Adds the handlers of [`routes!`](crate::routes), each at the path that its document says, or the endpoints of
    /// [`Auth::routes`](crate::Auth::routes).
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does: when a path is malformed, or has the same method twice. When a handler is documented with the method
    /// `trace`, whose answer would hold the credentials of the request (RFC 9110 section 9.3.8).
    #[must_use]
    #[track_caller]
    pub fn routes(mut self, routes: impl IntoRoutes<S>) -> Self {
        let place = Location::caller();
        let Routes { routes, schemes } = routes.into_routes();
        self.schemes.extend(schemes);
        for Documentation { document, methods, access, declared, roles } in routes {
            let Document { mut path, methods: names, operation, schemas } = document;
            if path.is_empty() {
                path.push('/');
            }
            assert!(
                !names.iter().any(|name| matches!(name, HttpMethod::Trace)),
                "`#[utoipa::path(trace, path = \"{path}\")]`: `AuthRouter` serves no TRACE, whose answer would hold the credentials of \
                 the request (RFC 9110 section 9.3.8); remove `trace`"
            );
            self.rows.extend(names.iter().map(|method| AccessRow {
                method: routes::name(method).to_owned(),
                path: path.clone(),
                access,
                declared,
                documented: operation.is_some(),
                roles,
                place,
            }));
            self.router = self.router.route(&path, methods);
            self.without_other_methods.push(path.clone());
            if let Some(operation) = operation {
                openapi::replace(&mut self.computed, path, PathItem::from_http_methods(names, operation));
            }
            openapi::add_schemas(&mut self.openapi, schemas);
        }
        self.with_computed()
    }

    /// Writes what was computed over what the document held for the same operations.
    fn with_computed(mut self) -> Self {
        openapi::parameters::complete(&mut self.computed);
        for (path, item) in &self.computed.paths {
            openapi::replace(&mut self.openapi.paths, path.clone(), item.clone());
        }
        openapi::complete_schemes(&mut self.openapi, &self.computed);
        openapi::transports::describe(&mut self.openapi, &self.schemes);
        let mut concealed: Vec<Roles> = Vec::new();
        for AccessRow { roles, .. } in &self.rows {
            if !concealed.iter().any(|other| other.private == roles.private && other.names == roles.names) {
                openapi::conceal(&mut self.openapi, roles);
                concealed.push(*roles);
            }
        }
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

    /// Runs a layer around every route so far, as [`Router::layer`] does.
    ///
    /// A layer runs outside of what is there when it is added, and so before it: before the guards of the handlers and before every
    /// [`guard`](Self::guard) so far, and inside of guards that come later. It sees requests that will be refused, and what it answers itself
    /// nobody has decided about. What it leaves in the extensions of a request makes nobody signed in: a guard takes a session from there only
    /// if this crate has verified it in this very request, for the same `Auth` and the same token.
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
            fallbacks: self.fallbacks,
            pages: self.pages,
            without_other_methods: self.without_other_methods,
            opaque: self.opaque,
            merged: self.merged,
        }
    }

    /// Who may call what, so far: every handler, service and page, and the fallbacks.
    pub fn access_matrix(&self) -> AccessMatrix {
        AccessMatrix::new(self.rows.iter().chain(&self.fallbacks).cloned().collect())
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

    /// The router for `axum::serve`, and the document. The pages of [`openapi_json`](Self::openapi_json) and `scalar` show that document.
    pub fn split_for_parts(self) -> (Router<S>, OpenApi) {
        self.show_document();
        (self.router, self.openapi)
    }
}

impl<S: Clone + Send + Sync + 'static> Default for AuthRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> AuthRouter<S> {
    /// Hands the pages the document, which is final now.
    fn show_document(&self) {
        for page in &self.pages {
            page.show(&self.openapi);
        }
    }
}

/// The router without its document; so `axum::Router::merge` takes an [`AuthRouter`] as it is.
impl<S> From<AuthRouter<S>> for Router<S> {
    fn from(router: AuthRouter<S>) -> Self {
        router.show_document();
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
            fallbacks: self.fallbacks.clone(),
            pages: self.pages.clone(),
            without_other_methods: self.without_other_methods.clone(),
            opaque: self.opaque,
            merged: self.merged,
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
