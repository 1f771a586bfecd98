//! Which routes a router has, for the access matrix.

use std::panic::Location;

use super::checked_paths::CheckedPaths;
use crate::matrix::{AccessRow, Declaration, Methods, RoutePlace, nested};

/// The rows of a router, and what it takes to know what axum makes of fallbacks.
#[derive(Clone, Default)]
pub(super) struct Listing {
    pub(super) rows: Vec<AccessRow>,
    /// Apart from the other rows, since axum drops some fallbacks when routers are nested.
    fallbacks: Vec<AccessRow>,
    /// Places with method routers of axum that may still get a handler for other methods.
    pub(super) without_other_methods: Vec<RoutePlace>,
    /// Whether a router of axum is nested in this one. It may have a fallback that no row lists.
    pub(super) has_nested_router: bool,
    /// The paths whose parameters checks may take.
    pub(super) checked_paths: CheckedPaths,
}

impl Listing {
    /// Every row.
    pub(super) fn all(&self) -> impl Iterator<Item = &AccessRow> {
        self.rows.iter().chain(&self.fallbacks)
    }

    /// Every row, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut AccessRow> {
        self.rows.iter_mut().chain(&mut self.fallbacks)
    }

    /// Adds the row of a handler, service or operation.
    ///
    /// # Panics
    ///
    /// When another row has the same method and path: axum serves one of the two, so the other one would be a lie.
    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    pub(super) fn add(&mut self, row: AccessRow) {
        let is_same = |other: &&AccessRow| other.place() == row.place() && other.methods() == row.methods();
        if let (Methods::One(method), Some(other)) = (row.methods(), self.rows.iter().find(is_same)) {
            let (path, first, second) = (row.path(), other.added_at, row.added_at);
            panic!(
                "{method} {path} is added twice, at {first} and at {second}; remove one of them, from the document of a nested router too"
            );
        }
        self.rows.push(row);
    }

    /// Whether something may answer requests that no row of `rows` answers.
    pub(super) fn may_have_fallback(&self) -> bool {
        self.has_nested_router || !self.fallbacks.is_empty()
    }

    /// Adds the row of a router of axum.
    pub(super) fn add_router(&mut self, row: AccessRow) {
        self.without_other_methods.push(row.place().clone());
        self.rows.push(row);
    }

    /// Adds the fallback of this router.
    ///
    /// # Panics
    ///
    /// When there is one.
    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    pub(super) fn add_fallback(&mut self, row: AccessRow) {
        if let Some(present) = self.own_fallback() {
            panic!(
                "`AuthRouter` has two fallbacks, one added at {} and one at {}; remove one of them",
                present.added_at, row.added_at
            );
        }
        self.fallbacks.push(row);
    }

    /// The fallback of this router itself, and not of a nested one.
    fn own_fallback(&self) -> Option<&AccessRow> {
        self.fallbacks.iter().find(|row| *row.place() == RoutePlace::FALLBACK)
    }

    /// Adds a row for other methods to every place whose method routers do not have one.
    ///
    /// A path has one method router, so one row for other methods suffices, whoever added it. A router that is nested or merged has many
    /// method routers: some may have got an earlier handler, and others get this one. So each call adds a row for such a router.
    pub(super) fn add_other_methods(
        &mut self,
        declaration: Declaration,
        added_at: &'static Location<'static>,
    ) {
        let before = self.rows.len();
        for place in std::mem::take(&mut self.without_other_methods) {
            let from = if self.has_path(&place) { 0 } else { before };
            let mut rows = self.rows.iter().skip(from);
            if !rows.any(|row| *row.place() == place && *row.methods() == Methods::Other) {
                self.rows.push(AccessRow::new(Methods::Other, place, declaration, added_at));
            }
        }
    }

    /// Whether the place is that of a handler or page.
    fn has_path(&self, place: &RoutePlace) -> bool {
        self.rows.iter().any(|row| row.place() == place && matches!(row.methods(), Methods::One(_)))
    }

    /// Adds the rows of a nested router. axum keeps its fallbacks only if the nested router has one itself; a router of axum that is merged
    /// into it may bring one.
    #[track_caller]
    pub(super) fn nest(&mut self, prefix: &str, other: Self) {
        let may_bring_one = other.rows.iter().any(|row| *row.place() == RoutePlace::UNLISTED);
        let keeps_fallbacks = may_bring_one || other.own_fallback().is_some();
        let moved = |path: &str| nested(prefix, path);
        other.rows.into_iter().for_each(|row| self.add(row.moved(moved)));
        if keeps_fallbacks {
            self.fallbacks.extend(other.fallbacks.into_iter().map(|row| row.moved(moved)));
        }
        self.without_other_methods.extend(other.without_other_methods.iter().map(|place| place.map(moved)));
        self.has_nested_router |= other.has_nested_router;
        self.checked_paths.nest(prefix, other.checked_paths);
    }

    /// Adds the rows of a merged router.
    #[track_caller]
    pub(super) fn merge(&mut self, other: Self) {
        other.rows.into_iter().for_each(|row| self.add(row));
        for row in other.fallbacks {
            if *row.place() == RoutePlace::FALLBACK {
                self.add_fallback(row);
            } else {
                self.fallbacks.push(row);
            }
        }
        self.without_other_methods.extend(other.without_other_methods);
        self.has_nested_router |= other.has_nested_router;
        self.checked_paths.merge(other.checked_paths);
    }
}
