//! The matrix as an HTML page.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{AccessMatrix, AccessRow, DeclaredWhere, access_name, declared_by};
use crate::access::{Access, Quoted, is_unseen};

const STYLE: &str = include_str!("page.css");

pub(super) fn page(matrix: &AccessMatrix) -> String {
    // A browser normalizes line ends before it hashes the style, and a checkout may have changed them.
    let style = STYLE.replace('\r', "");
    let hash = STANDARD.encode(Sha256::digest(&style));
    let mut body = String::new();
    for row in matrix.rows() {
        write_row(&mut body, row);
    }
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
<tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">Access</th><th scope="col">Who may call it</th><th scope="col">Implied roles</th><th scope="col">Declared by</th><th scope="col">In the document</th></tr>
</thead>
<tbody>
{body}</tbody>
</table>
</div>
</main>
</body>
</html>
"#,
        counts = Counts(matrix.rows()),
        caption = Caption(matrix.rows().len()),
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

struct Counts<'a>(&'a [AccessRow]);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for class in CLASSES {
            let count = self.0.iter().filter(|row| class_of(row) == class).count();
            let none = if count == 0 { " none" } else { "" };
            writeln!(f, r#"<div class="{class}{none}"><dt>{class}</dt><dd>{count}</dd></div>"#)?;
        }
        Ok(())
    }
}

struct Caption(usize);

impl fmt::Display for Caption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("No routes"),
            1 => f.write_str("1 route"),
            count => write!(f, "{count} routes, by path and method"),
        }
    }
}

fn write_row(page: &mut String, row: &AccessRow) {
    let class = class_of(row);
    let who = match row.access() {
        Access::Public { reason } => format!("anybody: {}", Escaped(reason)),
        access => WithCode(&access.to_string()).to_string(),
    };
    let _ = writeln!(
        page,
        r#"<tr class="{class}"><td>{method}</td><th scope="row">{path}</th><td><span class="kind">{class}</span></td><td>{who}</td><td>{implied}</td><td>{declared}</td><td>{documented}</td></tr>"#,
        method = Escaped(row.method()),
        path = Name(row.path()),
        implied = Implied(row),
        declared = declared_by(row.declared()),
        documented = if row.is_documented() { "yes" } else { "<strong>no</strong>" },
    );
}

/// The roles of the rule that other roles imply, one on each line.
struct Implied<'a>(&'a AccessRow);

impl fmt::Display for Implied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (role, others) in self.0.roles_implied() {
            write!(f, "<div>{} by", Name(role))?;
            for (index, other) in others.into_iter().enumerate() {
                write!(f, "{} {}", if index == 0 { "" } else { "," }, Name(other))?;
            }
            f.write_str("</div>")?;
        }
        Ok(())
    }
}

struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        WithCode(&Quoted(self.0).to_string()).fmt(f)
    }
}

/// Text in which backticks mark names; `Quoted` sees to it that no name holds one.
struct WithCode<'a>(&'a str);

impl fmt::Display for WithCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.split('`').enumerate() {
            if index % 2 == 0 {
                Escaped(part).fmt(f)?;
            } else {
                write!(f, "<code>{}</code>", Escaped(part))?;
            }
        }
        Ok(())
    }
}

/// Escapes text so that a browser shows it unchanged, between tags.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ if is_unseen(character) => write!(f, "{}", character.escape_unicode())?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}
