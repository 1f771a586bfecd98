//! Handlers on their way into an [`AuthRouter`](crate::AuthRouter), each with its document.

use std::marker::PhantomData;

use axum::routing::{MethodFilter, MethodRouter};
use utoipa::openapi::path::HttpMethod;

use super::handler::{Arguments, MetBy, Served, Signature};
use crate::access::{Access, Declarer, DeclaresAccess};
use crate::auth::{Liveness, Transports};
use crate::claims::role::Roles;
use crate::diagnostics::rules::check_declared;
use crate::matrix::DeclaredWhere;
use crate::openapi::transports::Scheme;
use crate::openapi::{self, Document};

/// Collects handlers with their OpenAPI document: `routes!(me, admin::members)`, for [`AuthRouter::routes`](crate::AuthRouter::routes).
///
/// Each one is a handler with `#[utoipa::path(...)]` that declares who may call it: with an access attribute, or with
/// the claims type, [`Session`](crate::Session) or `Option` of these as its first argument. A handler that does not is
/// a compile error. Neither `utoipa-axum` nor an import is needed: name a handler of another module by its path, because
/// `#[utoipa::path]` makes a type beside the handler, which a `use` of the handler alone leaves behind.
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
    pub(super) routes: Vec<Documentation<S>>,
    /// Where else than in the `Authorization` header tokens may stand, if these routes know.
    pub(super) schemes: Vec<Scheme>,
}

/// What [`AuthRouter::routes`](crate::AuthRouter::routes) takes: handlers that [`routes!`](crate::routes) collects, or the endpoints of
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

pub(super) struct Documentation<S> {
    pub(super) document: Document,
    pub(super) methods: MethodRouter<S>,
    pub(super) access: Access,
    pub(super) declared: DeclaredWhere,
    pub(super) roles: Roles,
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
        let routes =
            self.routes.into_iter().map(|Documentation { document, methods, access, declared, roles }| {
                let methods = methods.with_state(state.clone());
                Documentation { document, methods, access, declared, roles }
            });
        Routes { routes: routes.collect(), schemes: self.schemes }
    }

    pub(crate) fn with_transports(mut self, transports: &Transports, liveness: Liveness) -> Self {
        self.schemes = openapi::transports::schemes(transports, liveness);
        self
    }

    /// Asks for the handler's arguments, and for nothing else, or rustc would guess them.
    #[doc(hidden)]
    pub fn capture<H: Signature<T>, T>(self, handler: H) -> Captured<S, H::Function, T> {
        Captured { routes: self, handler: handler.function(), arguments: PhantomData }
    }
}

/// A handler whose arguments are known.
pub struct Captured<S, H, T> {
    routes: Routes<S>,
    handler: H,
    arguments: PhantomData<fn() -> T>,
}

impl<S, H, T> Captured<S, H, T> {
    /// Asks who may call the handler, and whether the router's state can tell.
    pub fn declared(self) -> Declared<S, H, T>
    where
        T: Arguments<First: DeclaresAccess<Demands: MetBy<S>>>,
    {
        let Self { routes, handler, arguments } = self;
        let access = <T::First as DeclaresAccess>::ACCESS;
        let roles = <<T::First as DeclaresAccess>::Demands as MetBy<S>>::ROLES;
        // Guards and proofs ask for themselves, wherever they stand.
        const {
            if matches!(<T::First as DeclaresAccess>::DECLARER, Declarer::Application) {
                check_declared(
                    <T::First as DeclaresAccess>::ACCESS,
                    <<T::First as DeclaresAccess>::Demands as MetBy<S>>::ROLES,
                );
            }
        }
        let declared = match <T::First as DeclaresAccess>::DECLARER {
            Declarer::Attribute => DeclaredWhere::Attribute,
            Declarer::Extractor => DeclaredWhere::Argument,
            Declarer::Application => DeclaredWhere::Application,
        };
        Declared { routes, handler, arguments, access, declared, roles }
    }
}

/// A handler that says who may call it.
pub struct Declared<S, H, T> {
    routes: Routes<S>,
    pub(super) handler: H,
    arguments: PhantomData<fn() -> T>,
    pub(super) access: Access,
    pub(super) declared: DeclaredWhere,
    /// What its state knows of roles.
    pub(super) roles: Roles,
}

impl<S: Clone + Send + Sync + 'static, H, T> Declared<S, H, T> {
    /// Asks for the handler's document, and whether axum can serve it.
    pub fn documented<D, Kind>(self) -> Routes<S>
    where
        D: Documented,
        H: Served<T, Kind, S>,
    {
        self.described(D::document, None)
    }

    /// As [`documented`](Self::documented), with a document that no type writes.
    pub(crate) fn described<Kind>(
        self,
        document: impl FnOnce(&Access, &Roles) -> Document,
        by: Option<DeclaredWhere>,
    ) -> Routes<S>
    where
        H: Served<T, Kind, S>,
    {
        let Self { mut routes, handler, access, declared, roles, .. } = self;
        let declared = by.unwrap_or(declared);
        let document = document(&access, &roles);
        let methods = document
            .methods
            .iter()
            .fold(MethodRouter::new(), |router, method| handler.clone().serve(router, filter(method)));
        routes.routes.push(Documentation { document, methods, access, declared, roles });
        routes
    }
}

pub(super) fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

/// A handler that `#[utoipa::path]` or a macro such as `typed_refresh_handler!` documents.
#[diagnostic::on_unimplemented(
    message = "this handler has no path",
    label = "#[utoipa::path] is missing",
    note = "put `#[utoipa::path(get, path = \"/...\")]` below the access attribute",
    note = "if it stands there, it is of another version: this crate needs utoipa 6"
)]
pub trait Documented {
    #[doc(hidden)]
    fn document(access: &Access, roles: &Roles) -> Document;
}

#[diagnostic::do_not_recommend]
impl<D> Documented for D
where
    D: utoipa::Path + for<'t> utoipa::__dev::Tags<'t> + utoipa::__dev::SchemaReferences,
{
    fn document(access: &Access, roles: &Roles) -> Document {
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

/// Says of every type that it is documented; the stand-in for an undocumented handler has a constant of its own.
pub trait Documentable {
    /// Whether `#[utoipa::path]` stood where the access attribute could not see it.
    const UNDOCUMENTED: bool = false;
}

impl<T> Documentable for T {}
