//! One router in another.

use super::AuthRouter;

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
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.document.nest(prefix, other.document);
        self.listing.nest(prefix, other.listing);
        self.router = self.router.nest(prefix, other.router);
        self.with_document_updated()
    }

    /// Adds the routes of another router, as [`Router::merge`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::merge`] does: when two routes overlap, or both routers have a fallback.
    #[must_use]
    #[track_caller]
    pub fn merge(mut self, other: Self) -> Self {
        self.document.merge(other.document);
        self.listing.merge(other.listing);
        self.router = self.router.merge(other.router);
        self.with_document_updated()
    }
}
