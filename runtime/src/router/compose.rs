//! One router in another.

use super::{AuthRouter, served};

#[expect(unused_imports, reason = "links of the documentation")]
use axum::Router;

/// A router state for which another router can be part of this one: the other misses the same state.
///
/// The state is `Self`, as in the questions that `routes!` asks, so that rustc waits until it knows the state.
#[diagnostic::on_unimplemented(
    message = "`{R}` cannot be part of an `AuthRouter` whose state is `{Self}`",
    label = "not an `AuthRouter` that misses the state `{Self}`",
    note = "a router that has its state already: leave out its `with_state`, and give the state to the whole router at the end",
    note = "a router of axum: `nest_router(\"/prefix\", auth.layer(), router)`, or `unguarded(\"why\", router)`; with the feature `openapi`, a \
            router of utoipa-axum: `nest_openapi(\"/prefix\", auth.layer(), router)`",
    note = "handlers and endpoints: `routes(routes!(...))`, `routes(auth.routes().nest(\"/prefix\"))`"
)]
pub trait TakesRouter<R>: Sized {
    #[doc(hidden)]
    fn take(router: R) -> AuthRouter<Self>;
}

impl<S> TakesRouter<AuthRouter<S>> for S {
    fn take(router: AuthRouter<S>) -> AuthRouter<S> {
        router
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
    /// As [`Router::nest`] does: when the prefix is empty or malformed, or two routes overlap.
    #[must_use]
    #[track_caller]
    pub fn nest<R>(mut self, prefix: &str, other: R) -> Self
    where
        S: TakesRouter<R>,
    {
        #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "only documents collide"))]
        let mut other = S::take(other);
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
    pub fn merge<R>(mut self, other: R) -> Self
    where
        S: TakesRouter<R>,
    {
        #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "only documents collide"))]
        let mut other = S::take(other);
        #[cfg(feature = "openapi")]
        {
            self.document.make_room(other.router.get_openapi_mut());
            other.document.make_room(self.router.get_openapi_mut());
            self.document.merge(other.document);
        }
        self.listing.merge(other.listing);
        self.router = self.router.merge(other.router);
        self
    }
}
