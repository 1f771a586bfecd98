//! Reads back what `matrix/markdown.rs` writes: the rows of a matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::demand::{Cursor, Demand, Unreadable};
use crate::matrix::{self, Methods, RoutePlace};

/// Roles, each with the roles that imply it.
pub(super) type Implied = BTreeMap<String, Vec<String>>;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) methods: Methods,
    pub(super) place: RoutePlace,
    pub(super) demand: Demand,
    /// The issuers whose tokens may be let in, where other issuers than the server are trusted.
    pub(super) issuers: Option<BTreeSet<String>>,
    /// The demand in the words of the file.
    pub(super) words: String,
    pub(super) implied: Implied,
    /// `implied` in the words of the file.
    pub(super) hierarchy: String,
    /// In the words of the file.
    pub(super) declared: String,
    pub(super) documented: bool,
}

impl fmt::Display for Route {
    /// Writes the method and the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.methods.as_str(), self.place)
    }
}

/// A line that `to_markdown` does not write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damaged {
    line: usize,
    why: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

pub(super) fn read(text: &str) -> Result<Vec<Route>, Damaged> {
    let with_issuers = matrix::head(true);
    let has_issuers = text.starts_with(&with_issuers);
    let head = if has_issuers { with_issuers } else { matrix::head(false) };
    let Some(rows) = text.strip_prefix(&head) else {
        let line = head.lines().zip(text.lines()).take_while(|(expected, found)| expected == found).count();
        return Err(Damaged { line: line + 1, why: "an access matrix does not begin like this".to_owned() });
    };
    let first = head.lines().count() + 1;
    let route = |(index, line)| route(line, has_issuers).map_err(|why| Damaged { line: first + index, why });
    let mut rows = rows.lines().enumerate().map(route).collect::<Result<Vec<_>, _>>()?;
    // A printed path does not tell a prefix or a fallback from the path of a handler. A row for every method at that path does.
    let every_method = rows.iter().filter(|row| row.methods == Methods::Every);
    let every_method: BTreeSet<_> = every_method.map(|row| row.place.to_string()).collect();
    for row in &mut rows {
        let path = row.place.to_string();
        row.place = RoutePlace::read(&path, every_method.contains(&path));
    }
    Ok(rows)
}

/// Reads a line. Its place is a path for now.
fn route(line: &str, has_issuers: bool) -> Result<Route, String> {
    let ([methods, path, words, hierarchy, declared, documented], issuers) = match has_issuers {
        true => {
            let [methods, path, words, issuers, hierarchy, declared, documented] =
                cells(line).ok_or_else(|| "not a route in seven columns".to_owned())?;
            ([methods, path, words, hierarchy, declared, documented], Some(issuers))
        }
        false => (cells(line).ok_or_else(|| "not a route in six columns".to_owned())?, None),
    };
    if methods.is_empty() || declared.is_empty() || !matches!(&*documented, "yes" | "no") {
        return Err("a cell is missing".to_owned());
    }
    let methods = Methods::read(&methods).ok_or_else(|| format!("`{methods}` is not a method"))?;
    let demand = Demand::read(&words).map_err(|error| error.to_string())?;
    let implied = implied(&hierarchy).map_err(|error| error.to_string())?;
    let mut rest = Cursor(&path);
    let place = RoutePlace::Path(rest.name().map_err(|error| error.to_string())?);
    if !rest.0.is_empty() {
        return Err(rest.instead_of("the end of the path").to_string());
    }
    let issuers = match issuers.as_deref() {
        None | Some("?") => None,
        Some(names) => Some(self::issuers(names).map_err(|error| error.to_string())?),
    };
    let documented = documented == "yes";
    Ok(Route { methods, place, demand, issuers, words, implied, hierarchy, declared, documented })
}

/// The cells of a line. A pipe inside a cell has a backslash before it.
fn cells<const N: usize>(line: &str) -> Option<[String; N]> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let cells: Vec<_> = cells.map(|cell| cell.trim().replace("\\|", "|")).collect();
    cells.try_into().ok()
}

/// Names with commas between them.
fn issuers(text: &str) -> Result<BTreeSet<String>, Unreadable> {
    let mut cursor = Cursor(text);
    let mut issuers = BTreeSet::new();
    while !cursor.0.is_empty() {
        issuers.insert(cursor.name()?);
        if !cursor.take(", ") && !cursor.0.is_empty() {
            return Err(cursor.instead_of("`, `"));
        }
    }
    Ok(issuers)
}

fn implied(text: &str) -> Result<Implied, Unreadable> {
    let mut cursor = Cursor(text);
    let mut implied = Implied::new();
    while !cursor.0.is_empty() {
        let role = cursor.name()?;
        if !cursor.take(" by ") {
            return Err(cursor.instead_of("` by `"));
        }
        let mut others = vec![cursor.name()?];
        while cursor.take(", ") {
            others.push(cursor.name()?);
        }
        implied.insert(role, others);
        if !cursor.take("; ") && !cursor.0.is_empty() {
            return Err(cursor.instead_of("`; `"));
        }
    }
    Ok(implied)
}
