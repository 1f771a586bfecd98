//! Which rows answer the requests of a row that is gone.

use http::Method;

use super::pattern::Pattern;
use super::table::Route;
use crate::matrix::{Methods, RoutePlace};

/// A row that gets requests of the row that is gone.
pub(super) struct Successor<'a> {
    /// `None` where the router refuses.
    pub(super) row: Option<&'a Route>,
    /// Whether it certainly gets any of the requests.
    pub(super) is_certain: bool,
}

/// The rows that get the requests of `gone` now, in the order in which axum asks them.
pub(super) fn successors<'a>(gone: &Route, before: &[Route], now: &'a [Route]) -> Vec<Successor<'a>> {
    let methods = methods(gone, before, now);
    let pattern = Pattern::of(&gone.place);
    let mut places: Vec<&RoutePlace> = now.iter().map(|row| &row.place).collect();
    places.sort_by_cached_key(|place| place.to_string());
    places.dedup();
    let mut patterns: Vec<_> = places.into_iter().map(Pattern::of).collect();
    patterns.sort_by_cached_key(Pattern::turn);
    let mut successors = Vec::new();
    // Taken: every request has found a place. Settled: that place passes no request on.
    let (mut is_taken, mut is_settled) = (false, false);
    for next in patterns {
        let Some(is_sure) = next.succeeds(&pattern) else { continue };
        if is_settled && !next.is_vague() {
            continue;
        }
        let is_certain = is_sure && !is_taken;
        let covers = is_sure && next.covers(&pattern);
        for methods in &methods {
            let rows = answering(now, next.place, methods);
            if rows.is_empty() && is_certain && covers {
                successors.push(Successor { row: None, is_certain });
            }
            successors.extend(rows.into_iter().map(|row| Successor { row: Some(row), is_certain }));
        }
        is_taken |= covers;
        is_settled |= covers && !next.is_vague();
    }
    if !is_taken {
        successors.push(Successor { row: None, is_certain: true });
    }
    successors
}

/// The methods of the requests that came to a row, in the order of their names: of those that any row names, and one that none names.
fn methods(gone: &Route, before: &[Route], now: &[Route]) -> Vec<Methods> {
    let named = before.iter().chain(now).map(|row| row.methods.clone());
    let more = [Methods::One(Method::GET), Methods::One(Method::HEAD), Methods::Other];
    let came = |methods: &Methods| {
        *methods != Methods::Every
            && answering(before, &gone.place, methods).iter().any(|row| row.methods == gone.methods)
    };
    let mut methods: Vec<_> = named.chain(more).filter(came).collect();
    methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    methods.dedup();
    methods
}

/// The rows of a place that answer a method: its own, else that of GET for HEAD, else that of a service, else that for other methods.
fn answering<'a>(rows: &'a [Route], place: &RoutePlace, methods: &Methods) -> Vec<&'a Route> {
    let of = |wanted: &Methods| {
        let rows = rows.iter().filter(|row| row.place == *place && row.methods == *wanted);
        rows.collect::<Vec<_>>()
    };
    let (get, head) = (Methods::One(Method::GET), Methods::One(Method::HEAD));
    let instead = if *methods == head { &get } else { methods };
    let mut rows = [methods, instead, &Methods::Every, &Methods::Other].into_iter().map(of);
    rows.find(|rows| !rows.is_empty()).unwrap_or_default()
}
