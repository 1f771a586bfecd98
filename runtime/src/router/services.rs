//! Services and plain axum routers in an [`AuthRouter`], each with an access.

use std::convert::Infallible;
use std::panic::Location;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any_service};
use tower_service::Service;

use super::served::Served;
use super::trace::NoTrace;
use super::{AuthRouter, RouteLayer, served};
use crate::access::{Access, DeclaredWhere};
use crate::claims::SessionClaims;
use crate::claims::role::RoleTable;
use crate::layer::{AnswerLayer, AuthLayer};
use crate::matrix::{AccessRow, Declaration, IssuersOf, Methods, RoutePlace};
#[cfg(feature = "openapi")]
use crate::openapi::TokenPlaces;

/// The access of a route without an access attribute (a service, a router of axum, a page), and of [`AuthRouter::guard`].
///
/// Two types implement it: the layer that [`Auth::layer`](crate::Auth::layer) makes, with the rules that its methods add, and
/// [`Unguarded`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who may call",
    label = "neither a layer of an `Auth` nor `Unguarded`",
    note = "pass `auth.layer()`, `auth.layer().role(\"...\")`, or `Unguarded(\"why everybody may\")`, before the service that it guards",
    note = "a layer that says nothing about access goes to `AuthRouter::layer`"
)]
pub trait ServiceAccess {
    #[doc(hidden)]
    type Layer: RouteLayer;

    #[doc(hidden)]
    fn gate(self) -> Gate<Self::Layer>;
}

/// An access, and the layer that enforces it.
pub struct Gate<L> {
    pub(super) declaration: Declaration,
    #[cfg(feature = "openapi")]
    pub(super) token_places: Option<TokenPlaces>,
    pub(super) layer: L,
}

impl<C: SessionClaims> ServiceAccess for AuthLayer<C> {
    type Layer = Self;

    fn gate(self) -> Gate<Self> {
        let (access, roles) = (self.access(), RoleTable::of_claims::<C>());
        Gate {
            declaration: Declaration {
                issuers: IssuersOf::Known(self.auth().accepted_issuers()),
                ..Declaration::new(access, DeclaredWhere::Router, roles)
            },
            #[cfg(feature = "openapi")]
            token_places: Some(TokenPlaces::of(self.auth())),
            layer: self,
        }
    }
}

/// A service with an access in front of it.
///
/// The service is `Self`, so that rustc looks at both arguments before it reports one of them.
#[diagnostic::on_unimplemented(
    message = "`{A}` and `{Self}` are not an access and a service",
    label = "first the access, then the service",
    note = "an access is `auth.layer()`, `auth.layer().role(\"...\")`, or `Unguarded(\"why everybody may\")`",
    note = "a service takes a `Request` and cannot fail, as `ServeDir` of tower-http does; a handler goes into `routes!`"
)]
pub trait GuardedBy<A>: Sized {
    #[doc(hidden)]
    type Access: ServiceAccess;

    #[doc(hidden)]
    fn behind(self, access: A) -> (Self::Access, MethodRouter);
}

#[diagnostic::do_not_recommend]
impl<A, T> GuardedBy<A> for T
where
    A: ServiceAccess,
    T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Response: IntoResponse,
    T::Future: Send + 'static,
{
    type Access = A;

    fn behind(self, access: A) -> (A, MethodRouter) {
        (access, any_service(self))
    }
}

/// Lets every caller in, for this reason, which the access matrix and the log show.
///
/// # Panics
///
/// Where it is used, when the reason is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "users write it")]
pub struct Unguarded(pub &'static str);

impl ServiceAccess for Unguarded {
    type Layer = AnswerLayer;

    #[track_caller]
    fn gate(self) -> Gate<AnswerLayer> {
        let Self(reason) = self;
        assert!(!reason.trim().is_empty(), "`Unguarded` needs a reason: say why everybody may");
        let access = Access::Public { reason };
        let declaration = Declaration::new(access, DeclaredWhere::Nowhere, RoleTable::NONE);
        Gate {
            declaration,
            #[cfg(feature = "openapi")]
            token_places: None,
            // A handler inside may greet a user whom it reads from a cookie by itself.
            layer: AnswerLayer::of_any(),
        }
    }
}

impl<L> Gate<L> {
    /// The gate in front of these places. A gate that lets every caller in is logged, with the first place.
    #[track_caller]
    pub(super) fn of<A: ServiceAccess<Layer = L>>(access: A, places: &[RoutePlace]) -> Self {
        let gate = access.gate();
        if let (Access::Public { reason }, [place, ..]) = (gate.declaration.access, places) {
            let path = place.to_string();
            tracing::info!(target: crate::log::TARGET, path, reason, "a route without a declared access was added");
        }
        gate
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Adds a service at a path, as [`Router::route_service`] does, for those who have this access.
    ///
    /// The service is called only after the access is granted, and finds the verified [`Session`](crate::Session) in the request's
    /// extensions. It sees every method but TRACE, which is answered with 405. It is missing from the OpenAPI document, and
    /// [`access_matrix`](Self::access_matrix) lists it under the method `*`.
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
    /// When the reason of [`Unguarded`] is empty, when no caller can have the access, and as [`Router::route_service`] does.
    #[must_use]
    #[track_caller]
    pub fn route_service<A, T>(self, path: &str, access: A, service: T) -> Self
    where
        T: GuardedBy<A>,
    {
        let (access, service) = service.behind(access);
        let place = RoutePlace::Path(path.to_owned());
        self.gated(access, &Methods::Every, &[place], Router::new().route_service(path, service))
    }

    /// Adds a service at a prefix and everything below it, as [`Router::nest_service`] does, for those who have this access. In all other
    /// respects it is as in [`route_service`](Self::route_service).
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
        T: GuardedBy<A>,
    {
        let (access, service) = service.behind(access);
        let place = RoutePlace::Prefix(prefix.to_owned());
        self.gated(access, &Methods::Every, &[place], Router::new().nest_service(prefix, service))
    }

    /// Adds the routes of a router of axum under a prefix, as [`Router::nest`] does, for those who have this access.
    ///
    /// Its handlers get the state of this router, and need not declare anything. Its fallback is guarded too. axum does not list the routes of
    /// a router, so [`access_matrix`](Self::access_matrix) has one row for all of them, whose path ends in `{*path}`.
    ///
    /// That row is about the answers of `router`. As in axum, the fallback of the router around it answers the paths below the prefix for
    /// which `router` has neither a route nor a fallback, with the access of that fallback. A fallback of `router` keeps these paths, except
    /// the prefix with a slash and nothing behind it.
    ///
    /// # Panics
    ///
    /// As [`route_service`](Self::route_service) and [`Router::nest`] do.
    #[must_use]
    #[track_caller]
    pub fn nest_router<A: ServiceAccess>(mut self, prefix: &str, access: A, router: Router<S>) -> Self {
        let places = [RoutePlace::Prefix(prefix.to_owned())];
        let gate = Gate::of(access, &places);
        let [place] = places;
        let row = AccessRow::new(Methods::Every, place, gate.declaration, Location::caller());
        self.listing.add_router(row);
        self.listing.has_nested_router = true;
        self.router =
            served::nest(self.router, prefix, router.layer(gate.layer).layer(NoTrace::Service).into());
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
    /// When this router has a fallback already, when the reason of [`Unguarded`] is empty, and when no caller can have the access.
    #[must_use]
    #[track_caller]
    pub fn fallback_service<A, T>(mut self, access: A, service: T) -> Self
    where
        T: GuardedBy<A>,
    {
        let (access, service) = service.behind(access);
        let gate = Gate::of(access, &[RoutePlace::FALLBACK]);
        let row = AccessRow::new(Methods::Every, RoutePlace::FALLBACK, gate.declaration, Location::caller());
        self.listing.add_fallback(row);
        let fallback = Router::<S>::new().fallback_service(service).layer(gate.layer).layer(NoTrace::Service);
        self.router = self.router.merge(Served::from(fallback));
        self
    }

    /// Adds routes without a declared access: every caller reaches them, and the document does not list them.
    ///
    /// This is the way past the compile-time check that declares nothing. (The other way is a hand-written
    /// [`DeclaresAccess`](crate::DeclaresAccess) on an extractor of yours, which is believed.) The reason is logged when the router is
    /// built, under the target `countersign`. [`access_matrix`](Self::access_matrix) shows it in one row for all of the routes. They see
    /// every method but TRACE. Where the routes can have a prefix, [`nest_router`](Self::nest_router) gives them an access.
    ///
    /// # Panics
    ///
    /// When the reason is empty, and as [`Router::merge`] does.
    #[must_use]
    #[track_caller]
    pub fn unguarded(mut self, reason: &'static str, router: Router<S>) -> Self {
        assert!(!reason.trim().is_empty(), "`AuthRouter::unguarded` needs a reason");
        tracing::warn!(target: crate::log::TARGET, reason, "routes without a declared access were added");
        let Gate { declaration, layer, .. } = Unguarded(reason).gate();
        let row = AccessRow::new(Methods::Every, RoutePlace::UNLISTED, declaration, Location::caller());
        self.listing.add_router(row);
        self.router = self.router.merge(Served::from(router.layer(layer).layer(NoTrace::Service)));
        self
    }

    /// Adds routes behind a gate, with a row for each place.
    #[track_caller]
    pub(super) fn gated<A: ServiceAccess>(
        mut self,
        access: A,
        methods: &Methods,
        places: &[RoutePlace],
        routes: Router<S>,
    ) -> Self {
        let gate = Gate::of(access, places);
        let added_at = Location::caller();
        for place in places {
            // A service answers every method itself.
            if *methods != Methods::Every {
                self.listing.without_other_methods.push(place.clone());
            }
            let row = AccessRow::new(methods.clone(), place.clone(), gate.declaration, added_at);
            self.listing.add(row);
        }
        let routes = routes.route_layer(gate.layer).route_layer(NoTrace::Service);
        self.router = self.router.merge(Served::from(routes));
        self
    }
}
