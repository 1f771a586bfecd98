//! Handlers for what no route answers.

use std::panic::Location;

use axum::routing::MethodRouter;

use super::trace::NoTrace;
use super::{AuthRouter, FALLBACK};
use crate::access::{Access, Rule};
use crate::handler::{Declared, Served};
use crate::matrix::{AccessRow, DeclaredWhere};
use crate::role::Roles;

/// What stands in the matrix for the methods that no route has.
const OTHER_METHODS: &str = "other methods of known paths";

/// Takes a handler for [`AuthRouter::fallback`](crate::AuthRouter::fallback) or
/// [`AuthRouter::method_not_allowed_fallback`](crate::AuthRouter::method_not_allowed_fallback): `fallback!(not_found)`.
///
/// Like a handler in [`routes!`](crate::routes) it declares who may call it, and one that does not is a compile error. It has no path
/// and no document, so it needs no `#[utoipa::path]`.
///
/// ```
/// use axum::http::StatusCode;
/// use countersign::{Auth, AuthRouter, SessionClaims, authenticated, fallback, public};
///
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
/// /// Who is not signed in learns nothing about which paths there are.
/// #[authenticated]
/// async fn not_found() -> StatusCode {
///     StatusCode::NOT_FOUND
/// }
///
/// #[public(reason = "tells nothing but that the method is wrong")]
/// async fn wrong_method() -> (StatusCode, &'static str) {
///     (StatusCode::METHOD_NOT_ALLOWED, "no such method here")
/// }
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new()
///         .fallback(fallback!(not_found))
///         .method_not_allowed_fallback(fallback!(wrong_method))
///         .with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! fallback {
    ($($handler:tt)*) => {
        $crate::__private::fallback!($crate, $($handler)*)
    };
}

/// A handler without a path, as [`fallback!`](crate::fallback) takes it.
#[must_use = "pass it to `AuthRouter::fallback`"]
pub struct Fallback<S> {
    methods: MethodRouter<S>,
    access: Access,
    declared: DeclaredWhere,
    roles: Roles,
}

/// What [`AuthRouter::fallback`](crate::AuthRouter::fallback) takes: a handler in [`fallback!`](crate::fallback).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a fallback that says who may call it",
    label = "not a fallback",
    note = "write `fallback!(handler)`; for a service there is `fallback_service(access, service)`"
)]
pub trait IntoFallback<S> {
    #[doc(hidden)]
    fn into_fallback(self) -> Fallback<S>;
}

impl<S> IntoFallback<S> for Fallback<S> {
    fn into_fallback(self) -> Self {
        self
    }
}

impl<S: Clone + Send + Sync + 'static, H, T> Declared<S, H, T> {
    /// Asks whether axum can serve the handler. It has no document.
    #[doc(hidden)]
    pub fn without_path<Kind>(self) -> Fallback<S>
    where
        H: Served<T, Kind, S>,
    {
        let Self { handler, access, declared, roles, .. } = self;
        Fallback { methods: handler.serve_any(), access, declared, roles }
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Lets a handler answer where no route matches, as [`Router::fallback`](axum::Router::fallback) does: `.fallback(fallback!(not_found))`.
    ///
    /// A handler under `#[authenticated]` answers unknown paths with 401 until somebody has signed in, so strangers do not learn which
    /// paths there are.
    ///
    /// In a router that is nested, it answers for what is below the prefix. As in axum, it does not survive a second
    /// [`nest`](Self::nest), unless the router in between has a fallback too.
    ///
    /// # Panics
    ///
    /// When this router has a fallback already.
    #[must_use]
    #[track_caller]
    pub fn fallback(mut self, handler: impl IntoFallback<S>) -> Self {
        let fallback = handler.into_fallback();
        self.add_fallback(fallback.row(FALLBACK, Location::caller()));
        self.router = self.router.fallback(fallback.methods.layer(NoTrace::Service));
        self
    }

    /// Lets a handler answer where a route has the path and not the method, as
    /// [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback) does, for every route of
    /// [`routes`](Self::routes) so far.
    ///
    /// axum adds the `Allow` header. TRACE is answered with 405 without the handler.
    #[must_use]
    #[track_caller]
    pub fn method_not_allowed_fallback(mut self, handler: impl IntoFallback<S>) -> Self {
        let fallback = handler.into_fallback();
        self.rows.push(fallback.row(OTHER_METHODS, Location::caller()));
        self.router = self.router.method_not_allowed_fallback(fallback.methods.layer(NoTrace::Methods));
        self
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    pub(super) fn add_fallback(&mut self, row: AccessRow) {
        if let Some(present) = self.own_fallback() {
            panic!(
                "`AuthRouter` has two fallbacks, one added at {} and one at {}; remove one of them",
                present.place, row.place
            );
        }
        self.fallbacks.push(row);
    }

    /// The fallback of this router itself, and not of one in it.
    pub(super) fn own_fallback(&self) -> Option<&AccessRow> {
        self.fallbacks.iter().find(|row| row.path == FALLBACK)
    }
}

impl<S: Clone + Send + Sync + 'static> Fallback<S> {
    /// Stands where a mistake leaves no handler, so that the mistake stays one error.
    #[doc(hidden)]
    pub fn mistaken() -> Self {
        Self {
            methods: MethodRouter::new(),
            access: Access::Require(Rule::Any(&[])),
            declared: DeclaredWhere::Nowhere,
            roles: Roles::NONE,
        }
    }
}

impl<S> Fallback<S> {
    fn row(&self, path: &str, place: &'static Location<'static>) -> AccessRow {
        let Self { access, declared, roles, .. } = self;
        AccessRow {
            method: "*".to_owned(),
            path: path.to_owned(),
            access: *access,
            declared: *declared,
            documented: false,
            roles: *roles,
            place,
        }
    }
}
