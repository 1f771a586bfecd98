//! `routes!`: handlers with their access and their document, on their way into an [`AuthRouter`](crate::AuthRouter).
//!
//! The macro writes `capture(handler).declared()`, and then `documented::<…>(…)` or `at(path, methods)`. Each call asks one question with one
//! bound, so that a handler with a mistake gets the answer to that question, and rustc infers nothing that a later question would contradict.

use std::marker::PhantomData;

use axum::routing::{MethodFilter, MethodRouter};
use http::Method;
#[cfg(feature = "openapi")]
use utoipa::openapi::path::Operation;
#[cfg(feature = "openapi")]
use utoipa::openapi::{Paths, RefOr, Schema};
#[cfg(feature = "openapi")]
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt as _};

#[cfg(feature = "openapi")]
use super::described::ArgumentsOf;
#[cfg(feature = "openapi")]
use super::document::{Document, Documented, OperationFacts, method_of};
use super::handler::{Arguments, Noted, Provides, Serves, Signature};
use super::state_fit::session_argument;
use super::trace::NoTrace;
use crate::access::{Access, DeclaredWhere, DeclaresAccess};
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::diagnostics::rules::check_declared;
use crate::extract::path_fit::PathFit;
use crate::matrix::{Declaration, IssuersOf, Methods};
#[cfg(feature = "openapi")]
use crate::openapi::TokenPlaces;

/// Schemas with their names, as utoipa collects them.
#[cfg(feature = "openapi")]
type Schemas = Vec<(String, RefOr<Schema>)>;

/// Collects handlers for [`AuthRouter::routes`](crate::AuthRouter::routes): `routes!(me, admin::members, GET "/login" => login_form)`.
///
/// | written | the handler answers |
/// |---|---|
/// | `me` | where its `#[utoipa::path(...)]` says; it is in the document (feature `openapi`) |
/// | `GET "/login" => login_form` | there; it is in no document |
/// | `GET \| CONNECT "/socket" => socket` | these methods |
/// | `ANY "/proxy/{*path}" => proxy` | every method but TRACE, whose answer would hold the credentials of the request |
///
/// Each handler declares who may call it: with an access attribute, or with the claims type, [`Session`](crate::Session) or `Option` of these
/// as its first argument. A handler that does not is a compile error. Neither `utoipa-axum` nor an import is needed: name a handler of
/// another module by its path, because `#[utoipa::path]` makes a type beside the handler, which a `use` of the handler alone leaves behind.
///
/// Only the first argument declares the access. A handler with the arguments `(Option<User>, Session<User>)` is documented
/// as open to callers without credentials, although its second argument refuses them; put the stricter one first, or
/// write `#[authenticated]`.
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, authenticated, public, routes};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// /// Who am I?
/// #[authenticated]
/// #[utoipa::path(get, path = "/me", responses((status = 200, body = String)))]
/// async fn me(user: User) -> String {
///     user.id
/// }
///
/// #[public(reason = "the form to sign in with")]
/// async fn login_form() -> &'static str {
///     "<form method=post>...</form>"
/// }
///
/// # fn router(auth: Auth<User>) {
/// let router = AuthRouter::new().routes(routes!(me, GET "/login" => login_form)).with_state(auth);
/// # let (router, _): (axum::Router, _) = router.split_for_parts();
/// # }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! routes {
    ($($handlers:tt)*) => {
        $crate::__private::routes!($crate, $($handlers)*)
    };
}

/// Handlers with their places and documents, as [`routes!`](crate::routes) collects them.
#[must_use = "add the routes to an `AuthRouter`"]
pub struct Routes<S> {
    pub(super) routes: Vec<Route<S>>,
}

/// The argument of [`AuthRouter::routes`](crate::AuthRouter::routes): handlers that [`routes!`](crate::routes) collects, or the endpoints of
/// [`Auth::routes`](crate::Auth::routes).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of routes",
    label = "not routes",
    note = "pass `routes!(me, admin::members)`, or the endpoints of `auth.routes()`",
    note = "a router of axum is added with `nest_router(\"/prefix\", auth.layer(), router)`, or with `unguarded(\"why\", router)`"
)]
pub trait IntoRoutes<S> {
    #[doc(hidden)]
    fn into_routes(self) -> Routes<S>;
}

impl<S> IntoRoutes<S> for Routes<S> {
    fn into_routes(self) -> Self {
        self
    }
}

/// A handler that can be served.
pub(super) struct Route<S> {
    pub(super) path: String,
    pub(super) methods: Vec<Methods>,
    pub(super) service: Service<S>,
    pub(super) declaration: Declaration,
    /// How the checks of the access take the path.
    pub(super) path_fit: PathFit,
}

/// The service of a route, for axum or for utoipa-axum.
pub(super) enum Service<S> {
    Plain(MethodRouter<S>),
    #[cfg(feature = "openapi")]
    Documented(UtoipaMethodRouter<S>, OperationFacts),
}

impl<S> Routes<S> {
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { routes: Vec::new() }
    }

    /// Routes for a router of any state, with the `Auth` that they belong to.
    pub(super) fn of<C: SessionClaims>(auth: &Auth<C>, routes: Routes<Auth<C>>) -> Self {
        let routes =
            routes.routes.into_iter().map(|Route { path, methods, service, declaration, path_fit }| {
                let issuers = IssuersOf::Known(auth.accepted_issuers());
                let declaration = Declaration { issuers, ..declaration };
                let service = match service {
                    Service::Plain(service) => Service::Plain(service.with_state(auth.clone())),
                    #[cfg(feature = "openapi")]
                    Service::Documented(service, _) => {
                        let facts = OperationFacts::under(Some(TokenPlaces::of(auth)));
                        Service::Documented(service.with_state(auth.clone()), facts)
                    }
                };
                Route { path, methods, service, declaration, path_fit }
            });
        Routes { routes: routes.collect() }
    }

    /// Asks for the handler's arguments alone: with more bounds, rustc would guess them.
    #[doc(hidden)]
    pub fn capture<H: Signature<T>, T>(self, handler: H) -> Handler<S, H::Function, T> {
        Handler { routes: self, handler: handler.function(), arguments: PhantomData }
    }
}

/// A handler whose arguments are known.
pub struct Handler<S, H, T> {
    routes: Routes<S>,
    handler: H,
    arguments: PhantomData<fn() -> T>,
}

impl<S, H, T> Handler<S, H, T> {
    /// Asks who may call the handler, and whether the router's state can tell.
    pub fn declared(self) -> DeclaredHandler<S, H, T>
    where
        T: Arguments<First: DeclaresAccess>,
        S: Provides<<T::First as DeclaresAccess>::Demands> + 'static,
    {
        let Self { routes, handler, arguments } = self;
        // The extractors of this crate ask the same of their rules, wherever they are used.
        const {
            if matches!(<T::First as DeclaresAccess>::DECLARED, DeclaredWhere::Application) {
                check_declared(
                    <T::First as DeclaresAccess>::ACCESS,
                    <S as Provides<<T::First as DeclaresAccess>::Demands>>::ROLES,
                );
            }
        }
        let declaration = Declaration {
            access: <T::First as DeclaresAccess>::ACCESS,
            declared: <T::First as DeclaresAccess>::DECLARED,
            declared_at: <T::First as DeclaresAccess>::DECLARED_AT,
            roles: <S as Provides<<T::First as DeclaresAccess>::Demands>>::ROLES,
            issuers: IssuersOf::State(|state| {
                let state = state.downcast_ref::<S>()?;
                <S as Provides<<T::First as DeclaresAccess>::Demands>>::accepted_issuers(state)
            }),
            session_argument: session_argument::<T>(),
        };
        DeclaredHandler {
            routes,
            handler,
            arguments,
            declaration,
            path_fit: <S as Provides<<T::First as DeclaresAccess>::Demands>>::path_misfit,
            may_leave_notes: <S as Provides<<T::First as DeclaresAccess>::Demands>>::may_leave_notes,
            #[cfg(feature = "openapi")]
            facts: OperationFacts::of::<S, <T::First as DeclaresAccess>::Demands>(),
        }
    }
}

/// A handler that says who may call it.
pub struct DeclaredHandler<S, H, T> {
    routes: Routes<S>,
    handler: H,
    arguments: PhantomData<fn() -> T>,
    pub(super) declaration: Declaration,
    path_fit: PathFit,
    may_leave_notes: fn(&S) -> bool,
    #[cfg(feature = "openapi")]
    facts: OperationFacts,
}

impl<S: Clone + Send + Sync + 'static, H: Clone, T> DeclaredHandler<S, H, T> {
    /// Asks whether axum can serve the handler, for these methods at this path. It is in no document.
    #[doc(hidden)]
    pub fn at<Via>(self, path: &str, methods: &[Method]) -> Routes<S>
    where
        S: Serves<H, T, Via>, // axum can call the handler, and send what it returns
    {
        let service = Service::Plain(self.served(methods));
        self.with(path.to_owned(), methods.iter().cloned().map(Methods::One).collect(), service)
    }

    /// As [`at`](Self::at), for every method but TRACE.
    #[doc(hidden)]
    pub fn at_any<Via>(self, path: &str) -> Routes<S>
    where
        S: Serves<H, T, Via>, // axum can call the handler, and send what it returns
    {
        let service = S::serve_any(self.noted()).layer(NoTrace::Service);
        self.with(path.to_owned(), vec![Methods::Every], Service::Plain(service))
    }

    /// The arguments, to be asked for their documents where their types are known.
    #[cfg(feature = "openapi")]
    pub fn arguments(&self) -> ArgumentsOf<T>
    where
        T: Arguments,
    {
        ArgumentsOf::new()
    }

    /// Asks for the handler's document, and whether axum can serve it. `describe` adds what the arguments say.
    #[cfg(feature = "openapi")]
    pub fn documented<D, Via>(self, describe: impl FnOnce(&mut Operation, &mut Schemas)) -> Routes<S>
    where
        D: Documented,
        S: Serves<H, T, Via>, // axum can call the handler, and send what it returns
    {
        let mut document = D::document();
        describe(&mut document.operation, &mut document.schemas);
        self.described(document)
    }

    /// As [`documented`](Self::documented), with a document that no type writes.
    #[cfg(feature = "openapi")]
    pub(super) fn described<Via>(self, document: Document) -> Routes<S>
    where
        S: Serves<H, T, Via>,
    {
        let Document { path, methods, operation, schemas } = document;
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let served: Vec<_> = methods.iter().map(method_of).collect();
        let mut paths = Paths::new();
        paths.add_path_operation(&*path, methods, operation);
        let service = Service::Documented((schemas, paths, self.served(&served)), self.facts.clone());
        self.with(path, served.into_iter().map(Methods::One).collect(), service)
    }

    fn served<Via>(&self, methods: &[Method]) -> MethodRouter<S>
    where
        S: Serves<H, T, Via>,
    {
        // axum has a filter for every method that a document or `routes!` can name.
        let filters = methods.iter().filter_map(|method| MethodFilter::try_from(method.clone()).ok());
        filters.fold(MethodRouter::new(), |service, filter| S::serve(service, filter, self.noted()))
    }

    /// The handler, with its answers completed.
    pub(super) fn noted(&self) -> Noted<H, S> {
        let Declaration { access, declared, .. } = self.declaration;
        let has_guard = declared == DeclaredWhere::Attribute && !matches!(access, Access::Public { .. });
        Noted::new(self.handler.clone(), self.may_leave_notes, has_guard)
    }

    fn with(self, path: String, methods: Vec<Methods>, service: Service<S>) -> Routes<S> {
        let Self { mut routes, declaration, path_fit, .. } = self;
        routes.routes.push(Route { path, methods, service, declaration, path_fit });
        routes
    }

    /// The same handler, declared by this crate.
    pub(crate) fn by_endpoint(mut self) -> Self {
        self.declaration.declared = DeclaredWhere::Endpoint;
        self
    }
}
