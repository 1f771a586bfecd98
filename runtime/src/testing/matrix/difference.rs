//! The changes between two matrices, route by route.

use std::collections::BTreeMap;
use std::fmt;

use super::callers::{Relation, compare};
use super::demand::{Demand, Tree};
use super::removed::{Successor, successors};
use super::table::Route;
use crate::access::{OWN_ISSUER, Quoted};

/// The kinds of change. Those that let more people in come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeKind {
    Wider,
    NewRoute,
    Different,
    Unknown,
    PossiblyWider,
    Narrower,
    RemovedRoute,
    RemovedAlike,
    OtherWords,
    RenamedReason,
    DeclaredElsewhere,
    Document,
}

impl ChangeKind {
    fn lets_more_people_in(self) -> bool {
        matches!(self, Self::Wider | Self::NewRoute | Self::Different | Self::Unknown)
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wider => "wider",
            Self::NewRoute => "new route (wider)",
            Self::Different => "different (some lose access, others gain it)",
            Self::Unknown => "different (too many roles, scopes and checks to say who gains access)",
            Self::PossiblyWider => "possibly wider",
            Self::Narrower => "narrower",
            Self::RemovedRoute => "removed route (narrower)",
            Self::RemovedAlike => "removed route (same callers)",
            Self::OtherWords => "same callers in other words",
            Self::RenamedReason => "renamed reason",
            Self::DeclaredElsewhere => "declared elsewhere",
            Self::Document => "document",
        })
    }
}

/// One change of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: ChangeKind,
    /// Method and path.
    pub(super) route: String,
    /// The other row that answers now, in words.
    pub(super) answered: Option<String>,
    pub(super) before: Option<String>,
    pub(super) now: Option<String>,
}

impl Change {
    fn of(route: &Route, kind: ChangeKind, before: Option<String>, now: Option<String>) -> Self {
        Self { kind, route: route.to_string(), answered: None, before, now }
    }

    /// The change when a row is gone: its requests may reach another row now.
    fn of_removed(gone: &Route, before: &[Route], now: &[Route]) -> Self {
        let successors = successors(gone, before, now);
        let relation = |next: &Successor<'_>| next.row.map_or(Relation::Narrower, |row| compare(gone, row));
        let lets_in = |next: &&Successor<'_>| !matches!(relation(next), Relation::Same | Relation::Narrower);
        let mut certain = successors.iter().filter(|next| next.is_certain);
        let (kind, next) = match successors.iter().filter(lets_in).min_by_key(|next| !next.is_certain) {
            Some(Successor { row: Some(row), is_certain: true }) => {
                (kind(gone, row), Some((*row, "answered")))
            }
            Some(next) => (ChangeKind::PossiblyWider, next.row.map(|row| (row, "may be answered"))),
            None => {
                let row = certain.clone().find_map(|next| next.row);
                let is_same = certain.all(|next| relation(next) == Relation::Same);
                let kind = if is_same { ChangeKind::RemovedAlike } else { ChangeKind::RemovedRoute };
                (kind, row.map(|row| (row, "answered")))
            }
        };
        let with_hierarchy = next.is_some_and(|(row, _)| row.hierarchy != gone.hierarchy);
        let now = next.map(|(row, _)| words(row, with_hierarchy));
        let answered = next.map(|(row, how)| format!("{how} by {row}"));
        Self { answered, ..Self::of(gone, kind, Some(words(gone, with_hierarchy)), now) }
    }
}

pub(super) struct Changes(pub(super) Vec<Change>);

impl Changes {
    pub(super) fn between(before: Vec<Route>, now: Vec<Route>) -> Self {
        let key = |route: &Route| (route.place.to_string(), route.methods.as_str().to_owned());
        let mut routes: BTreeMap<_, (Vec<&Route>, Vec<&Route>)> = BTreeMap::new();
        for route in &before {
            routes.entry(key(route)).or_default().0.push(route);
        }
        for route in &now {
            let (before, now) = routes.entry(key(route)).or_default();
            match before.iter().position(|before| *before == route) {
                Some(same) => drop(before.remove(same)),
                None => now.push(route),
            }
        }
        let removed = |gone: &Route| Change::of_removed(gone, &before, &now);
        let mut changes: Vec<_> =
            routes.into_values().flat_map(|(before, now)| of_route(before, now, removed)).collect();
        changes.sort_by_key(|change| change.kind);
        Self(changes)
    }
}

/// The changes of the routes with one path and method. There is more than one where a fallback is beside a route.
fn of_route(before: Vec<&Route>, now: Vec<&Route>, removed: impl Fn(&Route) -> Change) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut before, mut now) = (before.into_iter(), now.into_iter());
    loop {
        match (before.next(), now.next()) {
            (None, None) => return changes,
            (Some(gone), None) => changes.push(removed(gone)),
            (None, Some(now)) => {
                changes.push(Change::of(now, ChangeKind::NewRoute, None, Some(now.words.clone())))
            }
            (Some(before), Some(now)) => changes.extend(of_pair(before, now)),
        }
    }
}

fn of_pair(before: &Route, now: &Route) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |kind, before, now_: String| changes.push(Change::of(now, kind, Some(before), Some(now_)));
    if before.demand != now.demand || before.implied != now.implied || before.issuers != now.issuers {
        let with_hierarchy = before.hierarchy != now.hierarchy;
        let with_issuers = before.issuers != now.issuers;
        let words =
            |route| words(route, with_hierarchy) + &if with_issuers { tokens(route) } else { String::new() };
        add(kind(before, now), words(before), words(now));
    }
    if before.declared != now.declared {
        add(
            ChangeKind::DeclaredElsewhere,
            format!("declared by {}", before.declared),
            format!("declared by {}", now.declared),
        );
    }
    if before.documented != now.documented {
        let whether = |route: &Route| {
            if route.documented { "in the document" } else { "not in the document" }.to_owned()
        };
        add(ChangeKind::Document, whether(before), whether(now));
    }
    changes
}

fn kind(before: &Route, now: &Route) -> ChangeKind {
    match compare(before, now) {
        Relation::Wider => ChangeKind::Wider,
        Relation::Narrower => ChangeKind::Narrower,
        Relation::Different => ChangeKind::Different,
        Relation::Unknown => ChangeKind::Unknown,
        Relation::Same if matches!(now.demand, Demand::Public { .. }) => ChangeKind::RenamedReason,
        Relation::Same => ChangeKind::OtherWords,
    }
}

/// The issuers whose tokens may be let in, after the demand. Without a list the file says nothing of other issuers.
fn tokens(route: &Route) -> String {
    let names = route.issuers.clone().unwrap_or_else(|| [OWN_ISSUER.to_owned()].into());
    let names: Vec<_> = names.iter().map(|name| Quoted(name).to_string()).collect();
    match names.is_empty() {
        true => ", with no token".to_owned(),
        false => format!(", with a token of {}", names.join(", ")),
    }
}

fn words(route: &Route, with_hierarchy: bool) -> String {
    let names_roles = |tree: &Tree| tree.mentions(&|atom| matches!(atom, Tree::Role(_)));
    let has_roles = matches!(&route.demand, Demand::Require(tree) if names_roles(tree));
    match (with_hierarchy && has_roles, &*route.hierarchy) {
        (false, _) => route.words.clone(),
        (true, "") => format!("{} (implied by no other role)", route.words),
        (true, hierarchy) => format!("{} ({hierarchy})", route.words),
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wider = self.0.iter().filter(|change| change.kind.lets_more_people_in()).count();
        write!(f, "changes: {}, of which let more people in: {wider}", self.0.len())?;
        let possibly = self.0.iter().filter(|change| change.kind == ChangeKind::PossiblyWider).count();
        if possibly > 0 {
            write!(f, ", and possibly: {possibly}")?;
        }
        f.write_str("\n")?;
        for Change { kind, route, answered, before, now } in &self.0 {
            write!(f, "\n{kind}: {route}")?;
            if let Some(answered) = answered {
                write!(f, " ({answered})")?;
            }
            f.write_str("\n")?;
            if let Some(before) = before {
                writeln!(f, "  was: {before}")?;
            }
            if let Some(now) = now {
                writeln!(f, "  now: {now}")?;
            }
        }
        Ok(())
    }
}
