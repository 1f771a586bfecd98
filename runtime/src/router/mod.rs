//! The router that takes only handlers that say who may call them, and writes their OpenAPI document.
//!
//! [`routes!`](crate::routes) asks each handler one question after another (`handler`, `routes`): which arguments it takes, who may
//! call it, what its document says, whether axum can serve it. Services and plain routers bring an access beside them (`services`),
//! fallbacks come from `fallback!`, and pages show the document. An [`AuthRouter`] keeps three things in step: the router of axum that
//! serves (`served`), the document (`document`), and the rows of the access matrix (`listing`). `compose` puts one router into another, and
//! `guard` puts one more access around everything so far. `utoipa_router` takes routers of utoipa-axum and makes them, and `serve` hands the
//! router to `axum::serve`.

mod checked_paths;
mod compose;
#[cfg(feature = "openapi")]
mod described;
#[cfg(feature = "openapi")]
mod document;
pub(crate) mod endpoints;
mod fallback;
mod guard;
pub(crate) mod handler;
mod listing;
#[cfg(feature = "openapi")]
mod pages;
mod routes;
#[cfg(not(target_family = "wasm"))]
mod serve;
mod served;
mod services;
mod state_fit;
mod trace;
#[cfg(feature = "openapi")]
mod utoipa_router;

use std::convert::Infallible;
use std::fmt;
use std::panic::Location;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use http::Method;
use tower_layer::Layer;
use tower_service::Service;

use self::checked_paths::CheckedPath;
#[cfg(feature = "openapi")]
use self::document::RouterDocument;
use self::listing::Listing;
use self::routes::{Route as DeclaredRoute, Service as RouteService};
use self::served::Served;
use crate::matrix::{AccessMatrix, AccessRow, Methods, RoutePlace};

#[cfg(feature = "openapi")]
pub use described::{Argument, ArgumentsOf, Described, Undescribed};
#[cfg(feature = "openapi")]
pub use document::{Documentable, Documented};
pub use endpoints::{Endpoint, KeyRoutes, SessionRoutes};
pub use fallback::{Fallback, IntoFallback};
pub use routes::{IntoRoutes, Routes};
pub use services::{ServiceAccess, Unguarded};

/// A router that takes only handlers that say who may call them.
///
/// It lists them in the [access matrix](Self::access_matrix). With the feature `openapi` it also keeps their OpenAPI document, as an
/// [`OpenApiRouter`](utoipa_axum::router::OpenApiRouter) does, and writes into it what the server enforces. That is computed from the type
/// that enforces, so the two cannot disagree: `security` with the names of roles, 401 and 403 with their schema, an empty `security` and the
/// reason on public operations.
///
/// `S` is the state that handlers still miss, as in [`axum::Router`]. `axum::serve` takes a router that misses none. See
/// [`routes!`](crate::routes) for an example.
///
#[doc = include_str!("../openapi/x_access.md")]
#[derive(Clone)]
pub struct AuthRouter<S = ()> {
    router: Served<S>,
    listing: Listing,
    #[cfg(feature = "openapi")]
    document: RouterDocument,
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// A router without routes, whose document has a placeholder for a title.
    #[must_use]
    pub fn new() -> Self {
        Self {
            router: served::empty(),
            listing: Listing::default(),
            #[cfg(feature = "openapi")]
            document: RouterDocument::default(),
        }
    }

    /// Adds the handlers of [`routes!`](crate::routes), each at the path of its document or the one that `routes!` names, or the endpoints of
    /// [`Auth::routes`](crate::Auth::routes).
    ///
    /// # Panics
    ///
    /// As [`Router::route`] does: when a path is malformed, or has the same method twice. Also when a handler is documented with the method
    /// `trace`, whose answer would hold the credentials of the request (RFC 9110 section 9.3.8), and when a check takes fewer path parameters
    /// than the path has. A check that takes more is refused when the router is taken for the server, since a prefix may bring parameters.
    #[must_use]
    #[track_caller]
    pub fn routes(mut self, routes: impl IntoRoutes<S>) -> Self {
        let added_at = Location::caller();
        for DeclaredRoute { path, methods, service, declaration, path_fit } in routes.into_routes().routes {
            let place = RoutePlace::Path(path);
            for methods in &methods {
                assert!(
                    *methods != Methods::One(Method::TRACE),
                    "`#[utoipa::path(trace, path = \"{place}\")]`: `AuthRouter` serves no TRACE, whose answer would hold the credentials \
                     of the request (RFC 9110 section 9.3.8); remove `trace`"
                );
                let row = AccessRow::new(methods.clone(), place.clone(), declaration, added_at);
                #[cfg(feature = "openapi")]
                let row = match service {
                    RouteService::Plain(_) => self.described_by_hand(row),
                    RouteService::Documented(..) => row.documented(),
                };
                state_fit::demand(&row);
                self.listing.add(row);
            }
            self.listing.checked_paths.add(CheckedPath { path: place.to_string(), fit: path_fit, added_at });
            // A handler for every method leaves none for another one.
            if methods != [Methods::Every] {
                self.listing.without_other_methods.push(place.clone());
            }
            self.add(&place.to_string(), service);
        }
        self
    }

    fn add(&mut self, path: &str, service: RouteService<S>) {
        let router = std::mem::take(&mut self.router);
        self.router = match service {
            RouteService::Plain(service) => router.route(path, service),
            #[cfg(feature = "openapi")]
            RouteService::Documented(service, facts) => self.document.add(router, service, &facts),
        };
    }

    /// Runs a layer around every route so far, as [`Router::layer`] does.
    ///
    /// The layer runs before everything that the router has at this moment: the guards of its handlers, and every [`guard`](Self::guard) so
    /// far. A guard that is added later runs before the layer. The layer also sees requests that a guard will refuse; its own answers are not
    /// access-checked, and where it takes a user from a cookie itself, [`Auth::answer_layer`](crate::Auth::answer_layer) belongs around it. It
    /// cannot sign a caller in: a guard takes a session from the extensions only if this crate has verified it in this
    /// very request, for the same `Auth` and the same token.
    #[must_use]
    pub fn layer(mut self, layer: impl RouteLayer) -> Self {
        self.router = self.router.layer(layer);
        self
    }

    /// Runs a layer around every route so far, but only when one matches, as [`Router::route_layer`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::route_layer`] does: when there are no routes yet.
    #[must_use]
    pub fn route_layer(mut self, layer: impl RouteLayer) -> Self {
        self.router = self.router.route_layer(layer);
        self
    }

    /// Gives the handlers their state, as [`Router::with_state`] does.
    ///
    /// # Panics
    ///
    /// When the [`Auth`](crate::Auth) in the state does not fit a route: the route names an issuer that the `Auth` does not have, or demands
    /// sessions of this server where the `Auth` only trusts issuers. The message names both. Where the router has public routes alone, its
    /// sign-in is refused by its requests.
    #[must_use]
    #[track_caller]
    pub fn with_state<T>(mut self, state: S) -> AuthRouter<T> {
        state_fit::set_state(self.listing.all_mut(), &state);
        #[cfg(feature = "openapi")]
        self.document.set_state(&state);
        AuthRouter {
            router: self.router.with_state(state),
            listing: self.listing,
            #[cfg(feature = "openapi")]
            document: self.document,
        }
    }

    /// Who may call what, so far: every handler, service and page, and the fallbacks.
    pub fn access_matrix(&self) -> AccessMatrix {
        AccessMatrix::new(self.listing.all().cloned().collect())
    }
}

/// A layer that can be around routes, as [`Router::layer`] takes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer for routes",
    label = "not a layer",
    note = "an `Auth` makes layers: write `auth.layer()`; to demand an access of every route, write `.guard(auth.layer())`",
    note = "a layer of tower fits if its service takes axum's `Request`, answers with a response, and cannot fail"
)]
pub trait RouteLayer:
    Layer<
        Route,
        Service: Service<
            Request,
            Response: IntoResponse + 'static,
            Error: Into<Infallible> + 'static,
            Future: Send + 'static,
        > + Clone
                     + Send
                     + Sync
                     + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

#[diagnostic::do_not_recommend]
impl<L> RouteLayer for L
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
}

impl<S: Clone + Send + Sync + 'static> Default for AuthRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Leaves the document behind, so that `axum::Router::merge` takes an [`AuthRouter`] as it is.
///
/// # Panics
///
/// When a check takes a path parameter that its route does not have.
impl<S: Clone + Send + Sync + 'static> From<AuthRouter<S>> for Router<S> {
    fn from(router: AuthRouter<S>) -> Self {
        router.listing.checked_paths.demand_all();
        router.into_router()
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    fn into_router(self) -> Router<S> {
        #[cfg(feature = "openapi")]
        self.show();
        self.router.into()
    }
}

impl<S> fmt::Debug for AuthRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.listing.all().map(|row| format!("{} {}", row.method(), row.path()));
        f.debug_struct("AuthRouter").field("routes", &routes.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
