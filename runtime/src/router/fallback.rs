//! Handlers for what no route answers.

use std::panic::Location;

use axum::routing::MethodRouter;

use super::AuthRouter;
use super::handler::Served;
use super::routes::Declared;
use super::trace::NoTrace;
use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::matrix::{AccessRow, DeclaredWhere, EVERY_METHOD, FALLBACK, OTHER_METHODS};

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
    roles: RoleTable,
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
        self.add_fallback(fallback.row(EVERY_METHOD, FALLBACK, Location::caller()));
        self.router = self.router.fallback(fallback.methods.layer(NoTrace::Service));
        self
    }

    /// Lets a handler answer where a route has the path and not the method, as
    /// [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback) does, for every route of
    /// [`routes`](Self::routes) and every page so far, also of routers that are nested or merged. Services see every method themselves.
    ///
    /// axum adds the `Allow` header. TRACE is answered with 405 without the handler. A path keeps the first handler that it got; in
    /// [`access_matrix`](Self::access_matrix) each one has a row for it, under the method `other`.
    ///
    /// A router of axum in this one is reached as well, past the access that it was added with, so it has such a row too. Add it after
    /// this call to keep its own answers.
    #[must_use]
    #[track_caller]
    pub fn method_not_allowed_fallback(mut self, handler: impl IntoFallback<S>) -> Self {
        let fallback = handler.into_fallback();
        let place = Location::caller();
        let known = self.rows.len();
        for path in std::mem::take(&mut self.without_other_methods) {
            // A path has one method router. Routes that nobody can list have many, and some of them may have their fallback.
            let from = if self.lists(&path) { 0 } else { known };
            let mut rows = self.rows.iter().skip(from);
            if !rows.any(|row| row.path == path && row.method == OTHER_METHODS) {
                self.rows.push(fallback.row(OTHER_METHODS, &path, place));
            }
        }
        self.router = self.router.method_not_allowed_fallback(fallback.methods.layer(NoTrace::Methods));
        self
    }

    /// Whether the path is that of a handler or page.
    fn lists(&self, path: &str) -> bool {
        let mut rows = self.rows.iter().filter(|row| row.path == path);
        rows.any(|row| row.method != EVERY_METHOD && row.method != OTHER_METHODS)
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
            roles: RoleTable::NONE,
        }
    }
}

impl<S> Fallback<S> {
    fn row(&self, method: &str, path: &str, place: &'static Location<'static>) -> AccessRow {
        let Self { access, declared, roles, .. } = self;
        AccessRow {
            method: method.to_owned(),
            path: path.to_owned(),
            access: *access,
            declared: *declared,
            documented: false,
            roles: *roles,
            place,
        }
    }
}
