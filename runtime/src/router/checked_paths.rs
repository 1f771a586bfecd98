//! Refuses routes whose checks take path parameters that the path does not have: every request to them would be a 500.

use std::panic::Location;

use crate::extract::path_fit::{PathFit, PathMisfit};
use crate::matrix::nested;

/// A path, and how the checks of its access take the parameters.
#[derive(Clone)]
pub(super) struct CheckedPath {
    pub(super) path: String,
    pub(super) fit: PathFit,
    pub(super) added_at: &'static Location<'static>,
}

/// The paths of a router.
#[derive(Clone, Default)]
pub(super) struct CheckedPaths(Vec<CheckedPath>);

impl CheckedPaths {
    /// Adds a path.
    ///
    /// # Panics
    ///
    /// When no prefix could give the path what a check takes.
    #[track_caller]
    pub(super) fn add(&mut self, path: CheckedPath) {
        if let Some(misfit) = path.misfit().filter(PathMisfit::is_final) {
            path.refuse(&misfit, "");
        }
        self.0.push(path);
    }

    /// Adds the paths of a nested router. Panics as [`add`](Self::add) does.
    #[track_caller]
    pub(super) fn nest(&mut self, prefix: &str, other: Self) {
        for path in other.0 {
            self.add(CheckedPath { path: nested(prefix, &path.path), ..path });
        }
    }

    /// Adds the paths of a merged router.
    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// For a router that gets no further prefix.
    ///
    /// # Panics
    ///
    /// When a path does not have what a check takes.
    #[track_caller]
    pub(super) fn demand_all(&self) {
        for path in &self.0 {
            if let Some(misfit) = path.misfit() {
                path.refuse(&misfit, "; a prefix with parameters is added with `AuthRouter::nest`");
            }
        }
    }
}

impl CheckedPath {
    fn misfit(&self) -> Option<PathMisfit> {
        (self.fit)(&parameters(&self.path))
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "runs while the application is put together")]
    fn refuse(&self, misfit: &PathMisfit, further: &str) -> ! {
        let Self { path, added_at, .. } = self;
        panic!("`AuthRouter` cannot serve `{path}`, added at {added_at}: {misfit}{further}")
    }
}

/// The names of the parameters in a path, as axum finds them.
fn parameters(path: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('{') {
        // A doubled brace is a literal one.
        if let Some(literal) = after.strip_prefix('{') {
            rest = literal;
            continue;
        }
        let Some((name, behind)) = after.split_once('}') else { break };
        names.push(name.trim_start_matches('*'));
        rest = behind;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_as_axum_finds_them() {
        let table: [(&str, &[&str]); 5] = [
            ("/", &[]),
            ("/posts/{id}", &["id"]),
            ("/{tenant}/posts/{id}/{*rest}", &["tenant", "id", "rest"]),
            ("/{{id}}/x", &[]),
            ("/{{{{a}}/{b}", &["b"]),
        ];
        for (path, names) in table {
            assert_eq!(parameters(path), names, "{path}");
        }
    }
}
