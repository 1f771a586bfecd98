//! Which requests a place answers, and in which order axum asks places.

use crate::matrix::RoutePlace;

/// A place of the matrix with its path in segments.
pub(super) struct Pattern<'a> {
    pub(super) place: &'a RoutePlace,
    segments: Vec<Segment<'a>>,
}

impl<'a> Pattern<'a> {
    pub(super) fn of(place: &'a RoutePlace) -> Self {
        let (path, rest) = match place {
            RoutePlace::Path(path) => (path.as_str(), None),
            RoutePlace::Prefix(below) | RoutePlace::Fallback { below } | RoutePlace::Unlisted { below } => {
                (below.trim_end_matches('/'), Some(Segment::Rest { or_nothing: true }))
            }
        };
        Self { place, segments: path.split('/').skip(1).map(Segment::of).chain(rest).collect() }
    }

    /// The order in which axum asks the places that may answer: routes before fallbacks, and the more specific one first.
    pub(super) fn turn(&self) -> (u8, Vec<u8>) {
        let round = match self.place {
            RoutePlace::Path(_) | RoutePlace::Prefix(_) => 0,
            RoutePlace::Fallback { .. } => 1,
            RoutePlace::Unlisted { .. } => 2,
        };
        (round, self.segments.iter().map(Segment::turn).collect())
    }

    /// Whether this place gets requests that went to a place which is gone: `None` if it gets none, `Some(true)` if it certainly gets some,
    /// `Some(false)` if it may.
    pub(super) fn succeeds(&self, gone: &Self) -> Option<bool> {
        use RoutePlace::{Fallback, Path, Prefix, Unlisted};

        if !meet(&self.segments, &gone.segments) {
            return None;
        }
        let comes_later = self.turn() >= gone.turn();
        match (self.place, gone.place) {
            (Unlisted { .. }, _) | (_, Unlisted { .. }) => Some(false),
            (Fallback { .. }, Fallback { .. }) => comes_later.then_some(true),
            (Prefix(_), Fallback { .. }) => self.covers(gone).then_some(false),
            (Path(_), Fallback { .. }) => None,
            (Fallback { .. }, _) => Some(true),
            // A nested router may have a fallback, and axum asks the fallbacks of longer prefixes after all routes.
            (Prefix(_), _) => Some(comes_later),
            (Path(_), _) => comes_later.then_some(true),
        }
    }

    /// Whether every request for the other place can be one for this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        covers(&self.segments, &other.segments)
    }

    /// Whether the place may pass requests on: a nested router answers only where it has a route or a fallback.
    pub(super) fn is_vague(&self) -> bool {
        matches!(self.place, RoutePlace::Prefix(_) | RoutePlace::Unlisted { .. })
    }
}

/// The text between two slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment<'a> {
    Literal(&'a str),
    /// `{id}`, or with a literal before or behind it, `v-{id}.json`.
    Parameter {
        before: &'a str,
        is_whole: bool,
    },
    /// All segments from here on: at least one, or also none.
    Rest {
        or_nothing: bool,
    },
}

impl<'a> Segment<'a> {
    fn of(text: &'a str) -> Self {
        match opening(text) {
            None => Self::Literal(text),
            Some((_, name)) if name.starts_with('*') => Self::Rest { or_nothing: false },
            Some((before, name)) => {
                Self::Parameter { before, is_whole: before.is_empty() && name.ends_with('}') }
            }
        }
    }

    fn turn(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter { is_whole: false, .. } => 1,
            Self::Parameter { is_whole: true, .. } => 2,
            Self::Rest { .. } => 3,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(one), Self::Literal(other)) => one == other,
            (Self::Literal(text), Self::Parameter { before, .. })
            | (Self::Parameter { before, .. }, Self::Literal(text)) => {
                text.len() > before.len() && text.starts_with(before)
            }
            (Self::Parameter { before: one, .. }, Self::Parameter { before: other, .. }) => {
                one.starts_with(other) || other.starts_with(one)
            }
            (Self::Rest { .. }, _) | (_, Self::Rest { .. }) => true,
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Parameter { is_whole: true, .. }, Self::Literal(text)) => !text.is_empty(),
            (Self::Parameter { is_whole: true, .. }, Self::Parameter { .. }) => true,
            _ => self == other,
        }
    }
}

/// The text before the first placeholder, and the text behind its brace. Two braces are an escaped one.
fn opening(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some((before, after)) = text.get(from..)?.split_once('{') {
        let at = from + before.len();
        if !after.starts_with('{') {
            return Some((text.get(..at)?, after));
        }
        from = at + 2;
    }
    None
}

/// Whether one request can be for both.
fn meet(one: &[Segment<'_>], other: &[Segment<'_>]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([Segment::Rest { or_nothing }, ..], rest) | (rest, [Segment::Rest { or_nothing }, ..]) => {
            *or_nothing || !is_nothing(rest)
        }
        ([first, one @ ..], [second, other @ ..]) => first.meets(second) && meet(one, other),
        _ => false,
    }
}

fn covers(one: &[Segment<'_>], other: &[Segment<'_>]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([Segment::Rest { or_nothing }, ..], rest) => *or_nothing || !is_nothing(rest),
        ([first, one @ ..], [second, other @ ..]) => first.covers(second) && covers(one, other),
        _ => false,
    }
}

fn is_nothing(rest: &[Segment<'_>]) -> bool {
    matches!(rest, [] | [Segment::Literal("")])
}
