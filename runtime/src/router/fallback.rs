//! Handlers for requests that no route answers.

use std::panic::Location;

use axum::routing::MethodRouter;

use super::handler::Serves;
use super::routes::DeclaredHandler;
use super::trace::NoTrace;
use super::{AuthRouter, served};
use crate::access::{Access, DeclaredWhere, Rule};
use crate::claims::role::RoleTable;
use crate::matrix::{AccessRow, Declaration, Methods, RoutePlace};

/// Takes a handler for [`AuthRouter::fallback`](crate::AuthRouter::fallback) or
/// [`AuthRouter::method_not_allowed_fallback`](crate::AuthRouter::method_not_allowed_fallback): `fallback!(not_found)`.
///
/// Like a handler in [`routes!`](crate::routes), it declares who may call it; a handler that does not is a compile error. A fallback has
/// neither path nor document, so it needs no `#[utoipa::path]`.
///
/// ```
/// use axum::http::StatusCode;
/// use countersign::{Auth, AuthRouter, SessionClaims, authenticated, fallback, public};
///
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
/// /// Strangers do not learn which paths there are.
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
    declaration: Declaration,
}

/// The argument of [`AuthRouter::fallback`](crate::AuthRouter::fallback): a handler in [`fallback!`](crate::fallback).
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

impl<S: Clone + Send + Sync + 'static, H: Clone, T> DeclaredHandler<S, H, T> {
    /// Asks whether axum can serve the handler. A fallback has no document.
    #[doc(hidden)]
    pub fn without_path<Via>(self) -> Fallback<S>
    where
        S: Serves<H, T, Via>, // axum can call the handler, and send what it returns
    {
        Fallback { methods: S::serve_any(self.noted()), declaration: self.declaration }
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Lets a handler answer where no route matches, as [`Router::fallback`](axum::Router::fallback) does: `.fallback(fallback!(not_found))`.
    ///
    /// A handler under `#[authenticated]` answers unknown paths with 401 until the caller signs in, so strangers do not learn which paths
    /// there are.
    ///
    /// In a nested router, it answers for the paths below the prefix. As in axum, it does not survive a second [`nest`](Self::nest), unless
    /// the router in between has a fallback too.
    ///
    /// # Panics
    ///
    /// When this router has a fallback already.
    #[must_use]
    #[track_caller]
    pub fn fallback(mut self, handler: impl IntoFallback<S>) -> Self {
        let Fallback { methods, declaration } = handler.into_fallback();
        let row = AccessRow::new(Methods::Every, RoutePlace::FALLBACK, declaration, Location::caller());
        self.listing.add_fallback(row);
        self.router = served::map(self.router, |router| router.fallback(methods.layer(NoTrace::Service)));
        self
    }

    /// Lets a handler answer where a route has the path and not the method, as
    /// [`Router::method_not_allowed_fallback`](axum::Router::method_not_allowed_fallback) does, for every route of
    /// [`routes`](Self::routes) and every page so far, also of routers that are nested or merged. Services see every method themselves.
    ///
    /// axum adds the `Allow` header. TRACE is answered with 405 without the handler. A path keeps the first handler that it got; in
    /// [`access_matrix`](Self::access_matrix) each path has a row for it, under the method `other`.
    ///
    /// The handler also reaches into a router of axum in this one, past the access that the router was added with, so that router has such
    /// a row too. To keep its own answers, add it after this call.
    #[must_use]
    #[track_caller]
    pub fn method_not_allowed_fallback(mut self, handler: impl IntoFallback<S>) -> Self {
        let Fallback { methods, declaration } = handler.into_fallback();
        self.listing.add_other_methods(declaration, Location::caller());
        self.router = served::map(self.router, |router| {
            router.method_not_allowed_fallback(methods.layer(NoTrace::Methods))
        });
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Fallback<S> {
    /// The fallback where a mistake leaves no handler, so that the mistake stays one error.
    #[doc(hidden)]
    pub fn mistaken() -> Self {
        let access = Access::Require(Rule::Any(&[]));
        let declaration = Declaration::new(access, DeclaredWhere::Nowhere, RoleTable::NONE);
        Self { methods: MethodRouter::new(), declaration }
    }
}
