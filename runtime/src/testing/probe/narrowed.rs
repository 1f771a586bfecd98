//! The routes of which an earlier matrix says something else.

use std::collections::HashSet;

use crate::matrix::{AccessMatrix, AccessRow};

/// The lines of a matrix in Markdown, whatever ends them.
pub(super) fn lines(markdown: &str) -> HashSet<&str> {
    markdown.lines().map(str::trim_end).collect()
}

/// The line of one route in the matrix.
pub(super) fn line(row: &AccessRow) -> String {
    let table = AccessMatrix::new(vec![row.clone()]).to_markdown();
    table.lines().last().unwrap_or_default().to_owned()
}
