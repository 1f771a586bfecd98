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

/// The column for the issuers whose tokens may be let in, and its place. It is there only where other issuers than the server are trusted.
const ISSUERS: (usize, (&str, usize)) = (3, ("Tokens of", 22));

const TITLE: &str =
    "# Access matrix\n\nWho may call which route, as the server enforces it. This file is generated.\n\n";

pub(super) fn page(matrix: &AccessMatrix) -> String {
    let has_issuers = matrix.has_issuers();
    let mut page = head(has_issuers);
    for row in matrix.rows() {
        line(&mut page, cells(row, has_issuers), has_issuers);
    }
    page
}

/// Everything above the first route.
pub(crate) fn head(has_issuers: bool) -> String {
    let mut head = TITLE.to_owned();
    let columns = columns(has_issuers);
    line(&mut head, columns.iter().map(|(name, _)| (*name).to_owned()).collect(), has_issuers);
    line(&mut head, columns.iter().map(|(_, width)| "-".repeat(*width)).collect(), has_issuers);
    head
}

fn columns(has_issuers: bool) -> Vec<(&'static str, usize)> {
    let mut columns = COLUMNS.to_vec();
    if has_issuers {
        let (place, column) = ISSUERS;
        columns.insert(place, column);
    }
    columns
}

fn line(page: &mut String, cells: Vec<String>, has_issuers: bool) {
    for (cell, (_, width)) in cells.into_iter().zip(columns(has_issuers)) {
        // A pipe ends a cell even inside backticks.
        let cell = cell.replace('|', "\\|");
        let _ = write!(page, "| {cell:width$} ");
    }
    page.push_str("|\n");
}

fn cells(row: &AccessRow, has_issuers: bool) -> Vec<String> {
    let access = match row.access() {
        Access::Public { reason } => format!("public: {}", escaped(reason)),
        access => access.to_string(),
    };
    let mut cells = vec![
        row.method().to_owned(),
        Quoted(row.path()).to_string(),
        access,
        implied(row),
        declared_by(row),
        if row.is_documented() { "yes" } else { "no" }.to_owned(),
    ];
    if has_issuers {
        let (place, _) = ISSUERS;
        cells.insert(place, issuers(row));
    }
    cells
}

/// The issuers of a row, separated by commas; `?` where no state has told them.
fn issuers(row: &AccessRow) -> String {
    match row.issuers() {
        Some(names) => names.into_iter().map(|name| Quoted(name).to_string()).collect::<Vec<_>>().join(", "),
        // It reads no token.
        None if matches!(row.access(), Access::Public { .. }) => String::new(),
        None => "?".to_owned(),
    }
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
