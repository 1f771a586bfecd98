//! Services and plain axum routers in an [`AuthRouter`], each with an access.

use std::convert::Infallible;
use std::panic::Location;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use tower_layer::{Identity, Layer};
use tower_service::Service;

use super::AuthRouter;
use super::trace::NoTrace;
use crate::access::Access;
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::layer::AuthLayer;
use crate::matrix::{AccessRow, DeclaredWhere, EVERY_METHOD, EVERYTHING_BELOW, FALLBACK};
use crate::openapi;

/// What stands in the matrix for routes that nobody can list.
const UNKNOWN_ROUTES: &str = "routes of a router that keeps them to itself";

/// Who may reach what has no access attribute: services, routers of axum, pages; and who passes [`AuthRouter::guard`].
///
/// Two types are: what [`Auth::layer`](crate::Auth::layer) makes, with the rules that its methods add, and [`Unguarded`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who may call",
    label = "neither a layer of an `Auth` nor `Unguarded`",
    note = "pass `auth.layer()`, `auth.layer().role(\"...\")`, or `Unguarded(\"why everybody may\")`; it stands in front of what it guards",
    note = "a layer that says nothing about access goes to `AuthRouter::layer`"
)]
pub trait ServiceAccess {
    #[doc(hidden)]
    type Layer: Layer<
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
        + 'static;

    #[doc(hidden)]
    fn gate(self) -> Gate<Self::Layer>;
}

/// An access, and the layer that enforces it.
pub struct Gate<L> {
    pub(super) access: Access,
    pub(super) roles: RoleTable,
    pub(super) declared: DeclaredWhere,
    pub(super) layer: L,
}

impl<C: SessionClaims> ServiceAccess for AuthLayer<C> {
    type Layer = Self;

    fn gate(self) -> Gate<Self> {
        Gate {
            access: self.access(),
            roles: RoleTable::of_claims::<C>(),
            declared: DeclaredWhere::Router,
            layer: self,
        }
    }
}

/// Everybody may, for this reason, which stands in the access matrix and in the log.
///
/// # Panics
///
/// Where it is used, when the reason is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "users write it")]
pub struct Unguarded(pub &'static str);

impl ServiceAccess for Unguarded {
    type Layer = Identity;

    #[track_caller]
    fn gate(self) -> Gate<Identity> {
        let Self(reason) = self;
        assert!(!reason.trim().is_empty(), "`Unguarded` needs a reason: say why everybody may");
        Gate {
            access: Access::Public { reason },
            roles: RoleTable::NONE,
            declared: DeclaredWhere::Nowhere,
            layer: Identity::new(),
        }
    }
}

impl<L> Gate<L> {
    /// The gate of a service at `path`, of which the log is told when it is open.
    #[track_caller]
    fn of<A: ServiceAccess<Layer = L>>(access: A, path: &str) -> Self {
        let gate = access.gate();
        if let Access::Public { reason } = &gate.access {
            tracing::info!(target: crate::log::TARGET, path, reason, "a route without a declared access was added");
        }
        gate
    }

    fn row(&self, method: &str, path: String, place: &'static Location<'static>) -> AccessRow {
        let Self { access, roles, declared, .. } = self;
        AccessRow {
            method: method.to_owned(),
            path,
            access: *access,
            declared: *declared,
            documented: false,
            roles: *roles,
            place,
        }
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Adds a service at a path, as [`Router::route_service`] does, for those who have this access.
    ///
    /// The service is not asked before the access is granted, and finds the verified [`Session`](crate::Session) in the request's
    /// extensions. It sees every method but TRACE, which is answered with 405. It is missing from the OpenAPI document, and stands in
    /// [`access_matrix`](Self::access_matrix) under the method `*`.
    ///
    /// ```
    /// use countersign::{Auth, AuthRouter, SessionClaims, Unguarded};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<String> }
    ///
    /// fn router(auth: &Auth<User>) -> AuthRouter {
    ///     let metrics = axum::routing::get(async || "up 1");
    ///     let robots = axum::routing::get(async || "User-agent: *\nDisallow: /");
    ///     AuthRouter::new()
    ///         .route_service("/metrics", auth.layer().role("operator"), metrics)
    ///         .route_service("/robots.txt", Unguarded("crawlers do not sign in"), robots)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the reason of [`Unguarded`] is empty, when nobody can have the access, and as [`Router::route_service`] does.
    #[must_use]
    #[track_caller]
    pub fn route_service<A, T>(self, path: &str, access: A, service: T) -> Self
    where
        A: ServiceAccess,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.gated(access, EVERY_METHOD, &[path.to_owned()], Router::new().route_service(path, service))
    }

    /// Adds a service at a prefix and everything below it, as [`Router::nest_service`] does, for those who have this access. Everything
    /// else is as in [`route_service`](Self::route_service).
    ///
    /// In [`access_matrix`](Self::access_matrix) its path ends in `{*path}`; the prefix alone belongs to it as well.
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn router(auth: &Auth<User>, files: axum::Router) -> AuthRouter {
    ///     AuthRouter::new().nest_service("/files", auth.layer(), files) // or a `ServeDir` of tower-http
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// As [`route_service`](Self::route_service) and [`Router::nest_service`] do.
    #[must_use]
    #[track_caller]
    pub fn nest_service<A, T>(self, prefix: &str, access: A, service: T) -> Self
    where
        A: ServiceAccess,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.gated(
            access,
            EVERY_METHOD,
            &[everything_below(prefix)],
            Router::new().nest_service(prefix, service),
        )
    }

    /// Adds the routes of a router of axum under a prefix, as [`Router::nest`] does, for those who have this access.
    ///
    /// Its handlers get the state of this router, and need not declare anything. What it has a fallback for is guarded too. Nobody can list
    /// its routes, so [`access_matrix`](Self::access_matrix) has one row for all of them, whose path ends in `{*path}`.
    ///
    /// That row is about what the router answers. As in axum, paths below the prefix for which it has neither a route nor a fallback go to
    /// the fallback of the router around it, with the access of that one. A fallback of `router` keeps them, but for the prefix
    /// with a slash and nothing behind it.
    ///
    /// # Panics
    ///
    /// As [`route_service`](Self::route_service) and [`Router::nest`] do.
    #[must_use]
    #[track_caller]
    pub fn nest_router<A: ServiceAccess>(mut self, prefix: &str, access: A, router: Router<S>) -> Self {
        let path = everything_below(prefix);
        let gate = Gate::of(access, &path);
        self.without_other_methods.push(path.clone());
        self.rows.push(gate.row(EVERY_METHOD, path, Location::caller()));
        self.router = self.router.nest(prefix, router.layer(gate.layer).layer(NoTrace::Service));
        self.opaque = true;
        self
    }

    /// Lets a service answer where no route matches, as [`Router::fallback_service`] does, for those who have this access.
    ///
    /// ```
    /// # use countersign::{Auth, AuthRouter, SessionClaims};
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// fn router(auth: &Auth<User>, application: axum::Router) -> AuthRouter {
    ///     AuthRouter::new().fallback_service(auth.layer().redirect("/login"), application)
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When this router has a fallback already, when the reason of [`Unguarded`] is empty, and when nobody can have the access.
    #[must_use]
    #[track_caller]
    pub fn fallback_service<A, T>(mut self, access: A, service: T) -> Self
    where
        A: ServiceAccess,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let gate = Gate::of(access, FALLBACK);
        self.add_fallback(gate.row(EVERY_METHOD, FALLBACK.to_owned(), Location::caller()));
        let fallback = Router::new().fallback_service(service).layer(gate.layer).layer(NoTrace::Service);
        self.router = self.router.merge(fallback);
        self
    }

    /// Adds routes that nobody declared an access for: they are open to anybody, and missing from the document.
    ///
    /// This is the way past the compile-time check that declares nothing. (The other is a hand-written
    /// [`DeclaresAccess`](crate::DeclaresAccess) on an extractor of yours, which is believed.) The reason is logged when
    /// the router is built, under the target `countersign`, and stands in [`access_matrix`](Self::access_matrix), in one row for all of
    /// the routes. They see every method but TRACE. Where the routes can have a prefix, [`nest_router`](Self::nest_router) gives them an
    /// access.
    ///
    /// # Panics
    ///
    /// When the reason is empty, and as [`Router::merge`] does.
    #[must_use]
    #[track_caller]
    pub fn unguarded(mut self, reason: &'static str, router: Router<S>) -> Self {
        assert!(!reason.trim().is_empty(), "`AuthRouter::unguarded` needs a reason");
        tracing::warn!(target: crate::log::TARGET, reason, "routes without a declared access were added");
        self.without_other_methods.push(UNKNOWN_ROUTES.to_owned());
        let row = Unguarded(reason).gate().row(EVERY_METHOD, UNKNOWN_ROUTES.to_owned(), Location::caller());
        self.rows.push(row);
        self.router = self.router.merge(router.layer(NoTrace::Service));
        self.merged = true;
        self
    }

    /// Adds routes behind a gate, and a row for each path.
    #[track_caller]
    pub(super) fn gated<A: ServiceAccess>(
        mut self,
        access: A,
        method: &str,
        paths: &[String],
        routes: Router<S>,
    ) -> Self {
        let gate = Gate::of(access, paths.first().map_or("", String::as_str));
        let place = Location::caller();
        if method != EVERY_METHOD {
            self.without_other_methods.extend_from_slice(paths);
        }
        self.rows.extend(paths.iter().map(|path| gate.row(method, path.clone(), place)));
        self.router = self.router.merge(routes.route_layer(gate.layer).route_layer(NoTrace::Service));
        self
    }
}

fn everything_below(prefix: &str) -> String {
    openapi::nested(prefix, EVERYTHING_BELOW)
}
