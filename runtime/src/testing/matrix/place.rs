//! Where rows of the matrix answer, and in which order axum asks those places.

use super::table::Route;
use crate::matrix::{BELOW, EVERY_METHOD, EVERYTHING_BELOW, FALLBACK};

/// A path of the matrix, or what stands for paths that nobody can list.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    sort: Sort,
    segments: Vec<Segment<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// Handlers, or a service, at this path.
    Route,
    /// A service and everything below it, or a router of axum: that may have any route there, pass on what it has none for, or have a fallback.
    Prefix,
    Fallback,
    /// Routes of a router that keeps them to itself.
    Unlisted,
}

impl<'a> Place<'a> {
    /// The place of a path in the matrix with these rows.
    pub(super) fn of(path: &'a str, rows: &[Route]) -> Self {
        let is_service = rows.iter().any(|row| row.path == path && row.method == EVERY_METHOD);
        let sort = match is_service {
            _ if !path.starts_with('/') => Sort::Unlisted,
            true if path.ends_with(FALLBACK) => Sort::Fallback,
            true if path.ends_with(EVERYTHING_BELOW) => Sort::Prefix,
            _ => Sort::Route,
        };
        let prefix = || path.split_once(BELOW).map_or("", |(_, prefix)| prefix.trim_end_matches('/'));
        let listed = if sort == Sort::Unlisted { prefix() } else { path };
        let mut segments: Vec<_> =
            listed.split('/').skip(1).map(|text| Segment::of(text, sort != Sort::Route)).collect();
        if sort == Sort::Unlisted {
            segments.push(Segment::Rest { or_nothing: true });
        }
        Self { path, sort, segments }
    }

    /// When axum asks it, of several that may answer: what is more specific comes first, and fallbacks after routes.
    pub(super) fn turn(&self) -> (u8, Vec<u8>) {
        let round = match self.sort {
            Sort::Route | Sort::Prefix => 0,
            Sort::Fallback => 1,
            Sort::Unlisted => 2,
        };
        (round, self.segments.iter().map(Segment::turn).collect())
    }

    /// Whether it gets requests that went to a place which is gone, and whether that is certain.
    pub(super) fn succeeds(&self, gone: &Self) -> Option<bool> {
        if !meet(&self.segments, &gone.segments) {
            return None;
        }
        let comes_later = self.turn() >= gone.turn();
        match (self.sort, gone.sort) {
            (Sort::Unlisted, _) | (_, Sort::Unlisted) => Some(false),
            (Sort::Fallback, Sort::Fallback) => comes_later.then_some(true),
            (Sort::Prefix, Sort::Fallback) => self.covers(gone).then_some(false),
            (Sort::Route, Sort::Fallback) => None,
            (Sort::Fallback, _) => Some(true),
            // The fallback of a router at a longer prefix is asked after routes, too.
            (Sort::Prefix, _) => Some(comes_later),
            (Sort::Route, _) => comes_later.then_some(true),
        }
    }

    /// Whether every request for another place can be one for this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        covers(&self.segments, &other.segments)
    }

    /// Whether nobody knows which requests it answers.
    pub(super) fn is_vague(&self) -> bool {
        matches!(self.sort, Sort::Prefix | Sort::Unlisted)
    }
}

/// What stands between two slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment<'a> {
    Literal(&'a str),
    Parameter { before: &'a str, is_whole: bool },
    Rest { or_nothing: bool },
}

impl<'a> Segment<'a> {
    fn of(text: &'a str, or_nothing: bool) -> Self {
        match opening(text) {
            None => Self::Literal(text),
            Some((_, name)) if name.starts_with('*') => Self::Rest { or_nothing },
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

/// What stands before a placeholder, and the rest of it; two braces are one that stands for itself.
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

/// Whether a request can be for both.
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
