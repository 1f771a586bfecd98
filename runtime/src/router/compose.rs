//! One router in another.

use super::{AuthRouter, served};

#[expect(unused_imports, reason = "links of the documentation")]
use axum::Router;

/// The argument of [`AuthRouter::nest`] and [`AuthRouter::merge`]: an [`AuthRouter`] that misses the same state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of this `AuthRouter`",
    label = "not an `AuthRouter` that misses the same state",
    note = "a router that has its state already: leave out its `with_state`, and give the state to the whole router at the end",
    note = "a router of axum: `nest_router(\"/prefix\", auth.layer(), router)`, or `unguarded(\"why\", router)`; with the feature `openapi`, a \
            router of utoipa-axum: `nest_openapi(\"/prefix\", auth.layer(), router)`",
    note = "handlers and endpoints: `routes(routes!(...))`, `routes(auth.routes().nest(\"/prefix\"))`"
)]
pub trait IntoAuthRouter<S> {
    #[doc(hidden)]
    fn into_auth_router(self) -> AuthRouter<S>;
}

impl<S> IntoAuthRouter<S> for AuthRouter<S> {
    fn into_auth_router(self) -> Self {
        self
    }
}

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Adds the routes of another router under a prefix, as [`Router::nest`] does.
    ///
    /// The guards of `other` stay around its routes. As in axum, the fallback of `other` answers below the prefix, and fallbacks of routers
    /// nested in `other` are lost unless `other` has one. A router that [`unguarded`](Self::unguarded) added to `other` may have a
    /// fallback: then the matrix lists the fallbacks nested in `other`, whether axum keeps them or not.
    ///
    /// # Panics
    ///
    /// As [`Router::nest`] does: when the prefix is empty or malformed, or two routes overlap. Also when a check takes fewer path parameters
    /// than the path has with the prefix.
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, prefix: &str, other: impl IntoAuthRouter<S>) -> Self {
        #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "only documents collide"))]
        let mut other = other.into_auth_router();
        #[cfg(feature = "openapi")]
        {
            other.document.move_below(prefix, other.router.get_openapi_mut(), &self.document);
            self.document.merge(other.document);
        }
        self.listing.nest(prefix, other.listing);
        self.router = served::nest(self.router, prefix, other.router);
        self
    }

    /// Adds the routes of another router, as [`Router::merge`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::merge`] does: when two routes overlap, or both routers have a fallback.
    #[must_use]
    #[track_caller]
    pub fn merge(mut self, other: impl IntoAuthRouter<S>) -> Self {
        let other = other.into_auth_router();
        #[cfg(feature = "openapi")]
        {
            other.document.make_room(self.router.get_openapi_mut());
            self.document.merge(other.document);
        }
        self.listing.merge(other.listing);
        self.router = self.router.merge(other.router);
        self
    }
}
