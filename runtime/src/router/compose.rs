//! One router in another.

use super::AuthRouter;
use crate::matrix::{AccessRow, BELOW, FALLBACK};
use crate::openapi;

#[expect(unused_imports, reason = "links of the documentation")]
use axum::Router;

impl<S: Clone + Send + Sync + 'static> AuthRouter<S> {
    /// Adds the routes of another router under a prefix, as [`Router::nest`] does.
    ///
    /// What guards them there guards them here. As in axum, the fallback of `other` answers for what is below the prefix; fallbacks of
    /// routers nested in `other` are lost unless it has one. A router that [`unguarded`](Self::unguarded) added to `other` may have one:
    /// then they stand in the matrix, whether it has or not.
    ///
    /// # Panics
    ///
    /// As [`Router::nest`] does: when the prefix is empty or malformed, or two routes overlap.
    #[must_use]
    #[track_caller]
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        let has_fallback = other.merged || other.own_fallback().is_some();
        openapi::nest(&mut self.openapi, prefix, other.openapi);
        openapi::nest_paths(&mut self.computed, prefix, other.computed);
        self.schemes.extend(other.schemes);
        self.rows.extend(other.rows.into_iter().map(|row| below(prefix, row)));
        if has_fallback {
            self.fallbacks.extend(other.fallbacks.into_iter().map(|row| below(prefix, row)));
        }
        let without_other_methods = other.without_other_methods.iter();
        self.without_other_methods.extend(without_other_methods.map(|path| path_below(prefix, path)));
        self.pages.extend(other.pages);
        self.opaque |= other.opaque;
        self.router = self.router.nest(prefix, other.router);
        self.with_computed()
    }

    /// Adds the routes of another router, as [`Router::merge`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::merge`] does: when two routes overlap, or both routers have a fallback.
    #[must_use]
    #[track_caller]
    pub fn merge(mut self, other: Self) -> Self {
        self.openapi.merge(other.openapi);
        self.computed.merge(other.computed);
        self.schemes.extend(other.schemes);
        self.rows.extend(other.rows);
        for row in other.fallbacks {
            if row.path == FALLBACK { self.add_fallback(row) } else { self.fallbacks.push(row) }
        }
        self.without_other_methods.extend(other.without_other_methods);
        self.pages.extend(other.pages);
        self.opaque |= other.opaque;
        self.merged |= other.merged;
        self.router = self.router.merge(other.router);
        self.with_computed()
    }
}

fn below(prefix: &str, row: AccessRow) -> AccessRow {
    AccessRow { path: path_below(prefix, &row.path), ..row }
}

/// The path under a prefix. What is no path has the prefix behind it.
fn path_below(prefix: &str, path: &str) -> String {
    match path.split_once(BELOW) {
        _ if path.starts_with('/') => openapi::nested(prefix, path),
        Some((what, path)) => format!("{what}{BELOW}{}", openapi::nested(prefix, path)),
        None => format!("{path}{BELOW}{prefix}"),
    }
}
