//! The matrix as an HTML page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{AccessMatrix, AccessRow, DeclaredWhere, access_name, declared_by};
use crate::access::{Access, Quoted, is_unseen};
use crate::html::escaped;

const STYLE: &str = include_str!("page.css");

pub(super) fn page(matrix: &AccessMatrix) -> String {
    // A browser normalizes line ends before it hashes the style, and a checkout may have changed them.
    let style = STYLE.replace('\r', "");
    let hash = STANDARD.encode(Sha256::digest(&style));
    let has_issuers = matrix.has_issuers();
    let body: String = matrix.rows().iter().map(|line| row(line, has_issuers)).collect();
    let issuers = if has_issuers { "<th scope=\"col\">Tokens of</th>" } else { "" };
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Access matrix</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Access matrix</h1>
<p>Who may call which route, as the server enforces it.</p>
<dl>
{counts}</dl>
</header>
<main>
<div class="scroll" role="region" aria-labelledby="routes" tabindex="0">
<table>
<caption id="routes">{caption}</caption>
<thead>
<tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">Access</th><th scope="col">Who may call it</th>{issuers}<th scope="col">Implied roles</th><th scope="col">Declared by</th><th scope="col">In the document</th></tr>
</thead>
<tbody>
{body}</tbody>
</table>
</div>
</main>
</body>
</html>
"#,
        counts = counts(matrix.rows()),
        caption = caption(matrix.rows().len()),
    )
}

/// The classes of rows in the style sheet, in the order in which the page counts them.
const CLASSES: [&str; 5] = ["unguarded", "public", "optional", "authenticated", "rule"];

/// An unguarded row is not counted among the public ones: no one has decided that it is open.
fn class_of(row: &AccessRow) -> &'static str {
    match row.declared() {
        DeclaredWhere::Nowhere => "unguarded",
        _ => access_name(&row.access()),
    }
}

fn counts(rows: &[AccessRow]) -> String {
    let count = |class| {
        let count = rows.iter().filter(|row| class_of(row) == class).count();
        let none = if count == 0 { " none" } else { "" };
        format!("<div class=\"{class}{none}\"><dt>{class}</dt><dd>{count}</dd></div>\n")
    };
    CLASSES.map(count).concat()
}

fn caption(rows: usize) -> String {
    match rows {
        0 => "No routes".to_owned(),
        1 => "1 route".to_owned(),
        count => format!("{count} routes, by path and method"),
    }
}

fn row(row: &AccessRow, has_issuers: bool) -> String {
    let class = class_of(row);
    let who = match row.access() {
        Access::Public { reason } => format!("anybody: {}", shown(reason)),
        access => with_code(&access.to_string()),
    };
    format!(
        "<tr class=\"{class}\"><td>{method}</td><th scope=\"row\">{path}</th><td><span class=\"kind\">{class}</span></td><td>{who}</td>{issuers}<td>{implied}</td><td>{declared}</td><td>{documented}</td></tr>\n",
        method = shown(row.method()),
        path = name(row.path()),
        issuers = if has_issuers { format!("<td>{}</td>", issuers(row)) } else { String::new() },
        implied = implied(row),
        declared = with_code(&declared_by(row)),
        documented = if row.is_documented() { "yes" } else { "<strong>no</strong>" },
    )
}

/// The roles of the rule that other roles imply, one on each line.
fn implied(row: &AccessRow) -> String {
    let line = |(role, others): (_, Vec<_>)| {
        format!(
            "<div>{} by {}</div>",
            name(role),
            others.into_iter().map(name).collect::<Vec<_>>().join(", ")
        )
    };
    row.roles_implied().map(line).collect()
}

/// The issuers whose tokens may be let in.
fn issuers(row: &AccessRow) -> String {
    match row.issuers() {
        Some(names) => names.into_iter().map(name).collect::<Vec<_>>().join(", "),
        // It reads no token.
        None if matches!(row.access(), Access::Public { .. }) => String::new(),
        None => "?".to_owned(),
    }
}

fn name(name: &str) -> String {
    with_code(&Quoted(name).to_string())
}

/// Marks the names in a text, which are between backticks; `Quoted` sees to it that no name holds one.
fn with_code(text: &str) -> String {
    let part = |(index, part)| match (index % 2, shown(part)) {
        (0, text) => text,
        (_, name) => format!("<code>{name}</code>"),
    };
    text.split('`').enumerate().map(part).collect()
}

/// Text that a browser shows unchanged between tags, with a name for each character that it would not show.
fn shown(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) {
            seen.extend(character.escape_unicode());
        } else {
            seen.push(character);
        }
    }
    escaped(&seen)
}
