//! Reads back what `matrix/markdown.rs` writes.

use std::collections::BTreeMap;
use std::fmt;

use super::words::{Demand, Unread, Unreadable};
use crate::matrix;

/// Roles with those that imply them.
pub(super) type Implied = BTreeMap<String, Vec<String>>;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) demand: Demand,
    /// The demand as it is written.
    pub(super) words: String,
    pub(super) implied: Implied,
    /// As it is written.
    pub(super) hierarchy: String,
    pub(super) declared: String,
    pub(super) documented: String,
}

/// The file is not one that was written here.
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
    let head = matrix::head();
    let Some(rows) = text.strip_prefix(&head) else {
        let line = head.lines().zip(text.lines()).take_while(|(expected, found)| expected == found).count();
        return Err(Damaged { line: line + 1, why: "an access matrix does not begin like this".to_owned() });
    };
    let first = head.lines().count() + 1;
    let route = |(index, line)| route(line).map_err(|why| Damaged { line: first + index, why });
    rows.lines().enumerate().map(route).collect()
}

fn route(line: &str) -> Result<Route, String> {
    let [method, path, words, hierarchy, declared, documented] =
        cells(line).ok_or_else(|| "not a route in six columns".to_owned())?;
    if method.is_empty() || declared.is_empty() || !matches!(&*documented, "yes" | "no") {
        return Err("a cell is missing".to_owned());
    }
    let demand = Demand::read(&words).map_err(|error| error.to_string())?;
    let implied = implied(&hierarchy).map_err(|error| error.to_string())?;
    let mut rest = Unread(&path);
    let path = rest.name().map_err(|error| error.to_string())?;
    if !rest.0.is_empty() {
        return Err(rest.instead_of("the end of the path").to_string());
    }
    Ok(Route { method, path, demand, words, implied, hierarchy, declared, documented })
}

/// A pipe that does not end a cell has a backslash before it.
fn cells(line: &str) -> Option<[String; 6]> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let cells: Vec<_> = cells.map(|cell| cell.trim().replace("\\|", "|")).collect();
    cells.try_into().ok()
}

fn implied(text: &str) -> Result<Implied, Unreadable> {
    let mut words = Unread(text);
    let mut implied = Implied::new();
    while !words.0.is_empty() {
        let role = words.name()?;
        if !words.take(" by ") {
            return Err(words.instead_of("` by `"));
        }
        let mut others = vec![words.name()?];
        while words.take(", ") {
            others.push(words.name()?);
        }
        implied.insert(role, others);
        if !words.take("; ") && !words.0.is_empty() {
            return Err(words.instead_of("`; `"));
        }
    }
    Ok(implied)
}
