//! What answers the requests of a row that is gone.

use std::collections::BTreeSet;

use super::place::Place;
use super::table::Route;
use crate::matrix::{EVERY_METHOD, OTHER_METHODS};

pub(super) struct Answer<'a> {
    /// `None` where the router refuses.
    pub(super) row: Option<&'a Route>,
    /// Whether it gets any of the requests for sure.
    pub(super) is_certain: bool,
}

/// Those who get the requests of `gone` now, in the order in which axum asks them.
pub(super) fn answers<'a>(gone: &Route, before: &[Route], now: &'a [Route]) -> Vec<Answer<'a>> {
    let methods = methods(gone, before, now);
    let place = Place::of(&gone.path, before);
    let paths: BTreeSet<&str> = now.iter().map(|row| &*row.path).collect();
    let mut places: Vec<_> = paths.into_iter().map(|path| Place::of(path, now)).collect();
    places.sort_by_cached_key(Place::turn);
    let mut answers = Vec::new();
    // Everything has found an answer; and none that passes it on.
    let (mut is_taken, mut is_settled) = (false, false);
    for next in places {
        let Some(is_sure) = next.succeeds(&place) else { continue };
        if is_settled && !next.is_vague() {
            continue;
        }
        let is_certain = is_sure && !is_taken;
        let covers = is_sure && next.covers(&place);
        for method in &methods {
            let rows = answering(now, next.path, method);
            if rows.is_empty() && is_certain && covers {
                answers.push(Answer { row: None, is_certain });
            }
            answers.extend(rows.into_iter().map(|row| Answer { row: Some(row), is_certain }));
        }
        is_taken |= covers;
        is_settled |= covers && !next.is_vague();
    }
    if !is_taken {
        answers.push(Answer { row: None, is_certain: true });
    }
    answers
}

/// The methods with which requests came to a row.
fn methods<'a>(gone: &'a Route, before: &'a [Route], now: &'a [Route]) -> BTreeSet<&'a str> {
    let named = before.iter().chain(now).map(|row| &*row.method).filter(|method| *method != EVERY_METHOD);
    let all = named.chain(["GET", "HEAD", OTHER_METHODS]);
    let came =
        |method: &&str| answering(before, &gone.path, method).iter().any(|row| row.method == gone.method);
    all.filter(came).collect()
}

/// The rows of a path that answer a method: its own, that of GET for HEAD, that of a service, that for other methods.
fn answering<'a>(rows: &'a [Route], path: &str, method: &str) -> Vec<&'a Route> {
    let of = |wanted: &str| {
        let rows = rows.iter().filter(|row| row.path == path && row.method == wanted);
        rows.collect::<Vec<_>>()
    };
    let get = if method == "HEAD" { "GET" } else { method };
    let rows = [method, get, EVERY_METHOD, OTHER_METHODS].into_iter().map(of).find(|rows| !rows.is_empty());
    rows.unwrap_or_default()
}
