//! One router in another.

use super::{AuthRouter, FALLBACK};
use crate::matrix::AccessRow;
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
        self.pages.extend(other.pages);
        self.opaque |= other.opaque;
        self.merged |= other.merged;
        self.router = self.router.merge(other.router);
        self.with_computed()
    }
}

/// Stands between the routes that nobody can list and where they are.
const BELOW: &str = ", below ";

/// The row under a prefix. What is no path has the prefix behind it.
fn below(prefix: &str, mut row: AccessRow) -> AccessRow {
    row.path = match row.path.split_once(BELOW) {
        _ if row.path.starts_with('/') => openapi::nested(prefix, &row.path),
        Some((what, path)) => format!("{what}{BELOW}{}", openapi::nested(prefix, path)),
        None => format!("{}{BELOW}{prefix}", row.path),
    };
    row
}
