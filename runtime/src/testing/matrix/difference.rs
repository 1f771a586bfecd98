//! What changed between two matrices, route by route.

use std::collections::BTreeMap;
use std::fmt;

use super::callers::{Relation, compare};
use super::table::Route;
use super::words::Demand;

/// The kinds of change; what lets more people in comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Wider,
    NewRoute,
    Different,
    Unknown,
    Narrower,
    RemovedRoute,
    OtherWords,
    RenamedReason,
    DeclaredElsewhere,
    Document,
}

impl Kind {
    fn lets_more_people_in(self) -> bool {
        matches!(self, Self::Wider | Self::NewRoute | Self::Different | Self::Unknown)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wider => "wider",
            Self::NewRoute => "new route (wider)",
            Self::Different => "different (some lose access, others gain it)",
            Self::Unknown => "different (too many roles, scopes and checks to say who gains access)",
            Self::Narrower => "narrower",
            Self::RemovedRoute => "removed route (narrower)",
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
    pub(super) kind: Kind,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) now: Option<String>,
}

impl Change {
    fn of(route: &Route, kind: Kind, before: Option<String>, now: Option<String>) -> Self {
        Self { kind, method: route.method.clone(), path: route.path.clone(), before, now }
    }
}

pub(super) struct Changes(pub(super) Vec<Change>);

impl Changes {
    pub(super) fn between(before: Vec<Route>, now: Vec<Route>) -> Self {
        let mut routes: BTreeMap<_, (Vec<Route>, Vec<Route>)> = BTreeMap::new();
        for route in before {
            routes.entry((route.path.clone(), route.method.clone())).or_default().0.push(route);
        }
        for route in now {
            let (before, now) = routes.entry((route.path.clone(), route.method.clone())).or_default();
            match before.iter().position(|before| *before == route) {
                Some(same) => drop(before.remove(same)),
                None => now.push(route),
            }
        }
        let mut changes: Vec<_> =
            routes.into_values().flat_map(|(before, now)| of_route(before, now)).collect();
        changes.sort_by_key(|change| change.kind);
        Self(changes)
    }
}

/// What became of the routes with one path and method; more than one is a fallback beside a route.
fn of_route(before: Vec<Route>, now: Vec<Route>) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut before, mut now) = (before.into_iter(), now.into_iter());
    loop {
        match (before.next(), now.next()) {
            (None, None) => return changes,
            (Some(before), None) => {
                changes.push(Change::of(&before, Kind::RemovedRoute, Some(before.words.clone()), None));
            }
            (None, Some(now)) => {
                changes.push(Change::of(&now, Kind::NewRoute, None, Some(now.words.clone())))
            }
            (Some(before), Some(now)) => changes.extend(of_pair(&before, &now)),
        }
    }
}

fn of_pair(before: &Route, now: &Route) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |kind, before, now_: String| changes.push(Change::of(now, kind, Some(before), Some(now_)));
    if before.demand != now.demand || before.implied != now.implied {
        let with_hierarchy = before.hierarchy != now.hierarchy;
        add(kind(before, now), words(before, with_hierarchy), words(now, with_hierarchy));
    }
    if before.declared != now.declared {
        add(
            Kind::DeclaredElsewhere,
            format!("declared by {}", before.declared),
            format!("declared by {}", now.declared),
        );
    }
    if before.documented != now.documented {
        let whether = |route: &Route| match &*route.documented {
            "yes" => "in the document".to_owned(),
            _ => "not in the document".to_owned(),
        };
        add(Kind::Document, whether(before), whether(now));
    }
    changes
}

fn kind(before: &Route, now: &Route) -> Kind {
    match compare(before, now) {
        Relation::Wider => Kind::Wider,
        Relation::Narrower => Kind::Narrower,
        Relation::Different => Kind::Different,
        Relation::Unknown => Kind::Unknown,
        Relation::Same if matches!(now.demand, Demand::Public { .. }) => Kind::RenamedReason,
        Relation::Same => Kind::OtherWords,
    }
}

fn words(route: &Route, with_hierarchy: bool) -> String {
    match (with_hierarchy, &*route.hierarchy) {
        (false, _) => route.words.clone(),
        (true, "") => format!("{} (implied by no other role)", route.words),
        (true, hierarchy) => format!("{} ({hierarchy})", route.words),
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wider = self.0.iter().filter(|change| change.kind.lets_more_people_in()).count();
        writeln!(f, "changes: {}, of which let more people in: {wider}", self.0.len())?;
        for Change { kind, method, path, before, now } in &self.0 {
            writeln!(f, "\n{kind}: {method} {path}")?;
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
