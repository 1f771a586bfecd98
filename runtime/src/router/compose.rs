//! One router in another.

use super::{AuthRouter, served};

#[expect(unused_imports, reason = "links of the documentation")]
use axum::Router;

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
    #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "only documents collide"))]
    pub fn nest(mut self, prefix: &str, mut other: Self) -> Self {
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
    #[cfg_attr(not(feature = "openapi"), expect(unused_mut, reason = "only documents collide"))]
    pub fn merge(mut self, mut other: Self) -> Self {
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
