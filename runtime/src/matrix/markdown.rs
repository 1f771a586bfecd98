//! The matrix as a table in Markdown, which `testing::matrix` reads back.

use std::fmt::Write as _;

use super::{AccessMatrix, AccessRow, declared_by};
use crate::access::{Access, Quoted, is_unseen};

/// The columns with their widths. The widths do not follow the content: otherwise one longer path would change every line of a committed
/// file.
const COLUMNS: [(&str, usize); 6] = [
    ("Method", 7),
    ("Path", 28),
    ("Who may call it", 52),
    ("Implied roles", 28),
    ("Declared by", 18),
    ("In the document", 15),
];

const TITLE: &str =
    "# Access matrix\n\nWho may call which route, as the server enforces it. This file is generated.\n\n";

pub(super) fn page(matrix: &AccessMatrix) -> String {
    let mut page = head();
    for row in matrix.rows() {
        line(&mut page, cells(row));
    }
    page
}

/// Everything above the first route.
pub(crate) fn head() -> String {
    let mut head = TITLE.to_owned();
    line(&mut head, COLUMNS.map(|(name, _)| name.to_owned()));
    line(&mut head, COLUMNS.map(|(_, width)| "-".repeat(width)));
    head
}

fn line(page: &mut String, cells: [String; COLUMNS.len()]) {
    for (cell, (_, width)) in cells.into_iter().zip(COLUMNS) {
        // A pipe ends a cell even inside backticks.
        let cell = cell.replace('|', "\\|");
        let _ = write!(page, "| {cell:width$} ");
    }
    page.push_str("|\n");
}

fn cells(row: &AccessRow) -> [String; COLUMNS.len()] {
    let access = match row.access() {
        Access::Public { reason } => format!("public: {}", escaped(reason)),
        access => access.to_string(),
    };
    [
        row.method().to_owned(),
        Quoted(row.path()).to_string(),
        access,
        implied(row),
        declared_by(row),
        if row.is_documented() { "yes" } else { "no" }.to_owned(),
    ]
}

/// The roles of the rule that other roles imply: `` `member` by `editor`, `admin` ``, separated by semicolons.
fn implied(row: &AccessRow) -> String {
    let quoted = |names: Vec<_>| names.into_iter().map(|name| Quoted(name).to_string()).collect::<Vec<_>>();
    let roles = row
        .roles_implied()
        .map(|(role, others)| format!("{} by {}", Quoted(role), quoted(others).join(", ")));
    roles.collect::<Vec<_>>().join("; ")
}

/// Escapes text so that Markdown shows it unchanged, on one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '$' => {
                escaped.extend(['\\', character])
            }
            _ if is_unseen(character) => escaped.extend(character.escape_unicode()),
            _ => escaped.push(character),
        }
    }
    escaped
}
