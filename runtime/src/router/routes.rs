//! `routes!`: handlers with their access and their document, on their way into an [`AuthRouter`](crate::AuthRouter).
//!
//! The macro writes `capture(handler).declared().documented::<…>()`. Each call asks one question with one bound, so that a handler with a
//! mistake gets the answer to that question, and rustc infers nothing that a later question would contradict.

use std::marker::PhantomData;

use axum::routing::{MethodFilter, MethodRouter};
use http::Method;
use utoipa::openapi::path::HttpMethod;

use super::handler::{Arguments, ProvidedBy, Served, Signature};
use crate::access::{Access, DeclaredWhere, DeclaresAccess};
use crate::auth::{Liveness, Transports};
use crate::claims::role::RoleTable;
use crate::diagnostics::rules::check_declared;
use crate::matrix::Declaration;
use crate::openapi::transports::Scheme;
use crate::openapi::{self, Document};

/// Collects handlers with their OpenAPI document: `routes!(me, admin::members)`, for [`AuthRouter::routes`](crate::AuthRouter::routes).
///
/// Each handler has `#[utoipa::path(...)]`, and declares who may call it: with an access attribute, or with the claims type,
/// [`Session`](crate::Session) or `Option` of these as its first argument. A handler that does not is a compile error. Neither
/// `utoipa-axum` nor an import is needed: name a handler of another module by its path, because `#[utoipa::path]` makes a type beside the
/// handler, which a `use` of the handler alone leaves behind.
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
/// #[public(reason = "health probe")]
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
///
/// # fn router(auth: Auth<User>) {
/// let (router, api) = AuthRouter::new().routes(routes!(me, health)).with_state(auth).split_for_parts();
/// # let _: axum::Router = router;
/// # let _ = api;
/// # }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! routes {
    ($($handlers:tt)*) => {
        $crate::__private::routes!($crate, $($handlers)*)
    };
}

/// Handlers with their documents, as [`routes!`](crate::routes) collects them.
#[must_use = "add the routes to an `AuthRouter`"]
pub struct Routes<S> {
    pub(super) routes: Vec<DocumentedRoute<S>>,
    /// The places of tokens beside the `Authorization` header, if these routes know them.
    pub(super) schemes: Vec<Scheme>,
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
pub(super) struct DocumentedRoute<S> {
    pub(super) document: Document,
    pub(super) methods: MethodRouter<S>,
    pub(super) declaration: Declaration,
}

impl<S> Routes<S> {
    #[doc(hidden)]
    pub fn new() -> Self {
        Self { routes: Vec::new(), schemes: Vec::new() }
    }

    pub(crate) fn with_state<T>(self, state: S) -> Routes<T>
    where
        S: Clone + Send + Sync + 'static,
    {
        let routes = self.routes.into_iter().map(|DocumentedRoute { document, methods, declaration }| {
            DocumentedRoute { document, methods: methods.with_state(state.clone()), declaration }
        });
        Routes { routes: routes.collect(), schemes: self.schemes }
    }

    pub(crate) fn with_transports(mut self, transports: &Transports, liveness: Liveness) -> Self {
        self.schemes = openapi::transports::schemes(transports, liveness);
        self
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
    // rustc shows the line of the bound, comment included, where a bound is not met.
    pub fn declared(self) -> DeclaredHandler<S, H, T>
    where
        T: Arguments<First: DeclaresAccess<Demands: ProvidedBy<S>>>, // the state provides what the guard needs
    {
        let Self { routes, handler, arguments } = self;
        // The extractors of this crate ask the same of their rules, wherever they are used.
        const {
            if matches!(<T::First as DeclaresAccess>::DECLARED, DeclaredWhere::Application) {
                check_declared(
                    <T::First as DeclaresAccess>::ACCESS,
                    <<T::First as DeclaresAccess>::Demands as ProvidedBy<S>>::ROLES,
                );
            }
        }
        let declaration = Declaration {
            access: <T::First as DeclaresAccess>::ACCESS,
            declared: <T::First as DeclaresAccess>::DECLARED,
            roles: <<T::First as DeclaresAccess>::Demands as ProvidedBy<S>>::ROLES,
        };
        DeclaredHandler { routes, handler, arguments, declaration }
    }
}

/// A handler that says who may call it.
pub struct DeclaredHandler<S, H, T> {
    routes: Routes<S>,
    pub(super) handler: H,
    arguments: PhantomData<fn() -> T>,
    pub(super) declaration: Declaration,
}

impl<S: Clone + Send + Sync + 'static, H, T> DeclaredHandler<S, H, T> {
    /// Asks for the handler's document, and whether axum can serve it.
    pub fn documented<D, Via>(self) -> Routes<S>
    where
        D: Documented,
        H: Served<T, Via, S>, // axum can call the handler, and send what it returns
    {
        self.described(D::document, None)
    }

    /// As [`documented`](Self::documented), with a document that no type writes.
    pub(crate) fn described<Via>(
        self,
        document: impl FnOnce(&Access, &RoleTable) -> Document,
        by: Option<DeclaredWhere>,
    ) -> Routes<S>
    where
        H: Served<T, Via, S>,
    {
        let Self { mut routes, handler, declaration, .. } = self;
        let declaration = Declaration { declared: by.unwrap_or(declaration.declared), ..declaration };
        let document = document(&declaration.access, &declaration.roles);
        let methods = document
            .methods
            .iter()
            .map(method_of)
            .fold(MethodRouter::new(), |router, (_, filter)| handler.clone().serve(router, filter));
        routes.routes.push(DocumentedRoute { document, methods, declaration });
        routes
    }
}

/// The method of a document, for HTTP and for axum.
pub(super) fn method_of(method: &HttpMethod) -> (Method, MethodFilter) {
    match method {
        HttpMethod::Get => (Method::GET, MethodFilter::GET),
        HttpMethod::Put => (Method::PUT, MethodFilter::PUT),
        HttpMethod::Post => (Method::POST, MethodFilter::POST),
        HttpMethod::Delete => (Method::DELETE, MethodFilter::DELETE),
        HttpMethod::Options => (Method::OPTIONS, MethodFilter::OPTIONS),
        HttpMethod::Head => (Method::HEAD, MethodFilter::HEAD),
        HttpMethod::Patch => (Method::PATCH, MethodFilter::PATCH),
        HttpMethod::Trace => (Method::TRACE, MethodFilter::TRACE),
    }
}

/// A handler that `#[utoipa::path]` or a macro such as `typed_refresh_handler!` documents.
#[diagnostic::on_unimplemented(
    message = "this handler has no path",
    label = "#[utoipa::path] is missing",
    note = "put `#[utoipa::path(get, path = \"/...\")]` below the access attribute",
    note = "if it is there, it comes from another version of utoipa: this crate needs utoipa 6"
)]
pub trait Documented {
    #[doc(hidden)]
    fn document(access: &Access, roles: &RoleTable) -> Document;
}

#[diagnostic::do_not_recommend]
impl<D> Documented for D
where
    D: utoipa::Path + for<'t> utoipa::__dev::Tags<'t> + utoipa::__dev::SchemaReferences,
{
    fn document(access: &Access, roles: &RoleTable) -> Document {
        let mut schemas = Vec::new();
        D::schemas(&mut schemas);
        let mut operation = D::operation();
        let tags = D::tags();
        if !tags.is_empty() {
            operation.tags.get_or_insert_default().extend(tags.into_iter().map(str::to_owned));
        }
        openapi::declare(&mut operation, access, roles);
        let operation = openapi::without_private(operation, roles);
        let schemas = openapi::without_private(schemas, roles);
        Document { path: D::path(), methods: D::methods(), operation: Some(operation), schemas }
    }
}

/// Gives every type a constant that says that it is documented. The type that an access attribute makes for a handler without a document
/// has an associated constant of the same name, which takes precedence.
pub trait Documentable {
    /// Whether `#[utoipa::path]` was where the access attribute could not see it.
    const UNDOCUMENTED: bool = false;
}

impl<T> Documentable for T {}
