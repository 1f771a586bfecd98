//! `cargo run --release -p benches --bin guard`: one request through each route, all routes in turn.
//!
//! A request is made, answered and dropped, as on a connection. A round takes a batch of requests through every route, one route after the other, so that other load and a changing clock of the processor
//! meet all of them alike. The table has the median and the fastest of a route's batches, and the median of its ratios to the open route and to
//! the limit in the same round.

#![allow(clippy::print_stdout, reason = "a tool for the people who measure")]

use std::hint::black_box;
use std::time::Instant;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use benches::{App, Kind};
use countersign::token::Algorithm;

const ROUNDS: usize = 200;
const BATCH: usize = 500;
/// More than are remembered, so that each is new when its turn comes again.
const MANY: usize = 30_000;

struct Row {
    name: &'static str,
    app: App,
    request: fn(&App) -> Request<Body>,
    expected: StatusCode,
    /// Nanoseconds per request, batch after batch.
    times: Vec<f64>,
}

fn row(name: &'static str, kind: Kind, algorithm: Algorithm, tokens: usize) -> Row {
    let app = App::with_tokens(kind, algorithm, tokens);
    Row { name, app, request: App::request, expected: StatusCode::OK, times: Vec::new() }
}

fn refused(name: &'static str, request: fn(&App) -> Request<Body>) -> Row {
    let row = row(name, Kind::Countersign, Algorithm::Hs256, MANY);
    Row { request, expected: StatusCode::UNAUTHORIZED, ..row }
}

fn other_header(_: &App) -> Request<Body> {
    App::request_with(&format!("eyJhbGciOiJub25lIn0.{}.{}", "x".repeat(300), "x".repeat(43)))
}

fn too_long(_: &App) -> Request<Body> {
    App::request_with(&"x".repeat(9000))
}

fn main() {
    let (hs256, es256) = (Algorithm::Hs256, Algorithm::Es256);
    let mut rows = vec![
        row("open", Kind::Open, hs256, 1),
        row("limit", Kind::Limit, hs256, MANY),
        row("limit, vectorised base64", Kind::LimitSimd, hs256, MANY),
        row("jsonwebtoken by hand, HS256", Kind::Handwritten, hs256, MANY),
        row("first sight, HS256", Kind::Countersign, hs256, MANY),
        row("nothing remembered, HS256", Kind::Forgetful, hs256, MANY),
        row("seen before, HS256", Kind::Countersign, hs256, 1),
        row("seen before, ES256", Kind::Countersign, es256, 1),
        row("seen before, EdDSA", Kind::Countersign, Algorithm::EdDsa, 1),
        row("seen before, RS256", Kind::Countersign, Algorithm::Rs256, 1),
        row("seen before, one of 2,000, ES256", Kind::Countersign, es256, 2000),
        row("seen before, a second extractor", Kind::TwoExtractors, hs256, 1),
        row("seen before, live from the feed", Kind::LiveFromFeed, hs256, 1),
        row("seen before, live from a store in memory", Kind::LiveLookedUp, hs256, 1),
        refused("refused: another header", other_header),
        refused("refused: too long", too_long),
        refused("refused: a forged signature", App::forged_request),
    ];
    let slow = [
        row("first sight, ES256", Kind::Forgetful, es256, 1),
        row("first sight, EdDSA", Kind::Forgetful, Algorithm::EdDsa, 1),
        row("first sight, RS256", Kind::Forgetful, Algorithm::Rs256, 1),
        row("jsonwebtoken by hand, ES256", Kind::Handwritten, es256, 1),
        row("jsonwebtoken by hand, EdDSA", Kind::Handwritten, Algorithm::EdDsa, 1),
        row("jsonwebtoken by hand, RS256", Kind::Handwritten, Algorithm::Rs256, 1),
    ];
    rows.extend(slow);
    // Names on the command line choose rows, beside the two that others are compared with.
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|part| name.contains(part.as_str()));
    rows = rows
        .into_iter()
        .enumerate()
        .filter(|(place, row)| *place < 2 || is_chosen(row.name))
        .map(|(_, row)| row)
        .collect();
    for round in 0..=ROUNDS {
        for row in &mut rows {
            let batch = if row.name.contains("HS256") || row.times.first().is_none_or(|time| *time < 10_000.0)
            {
                BATCH
            } else {
                BATCH / 20
            };
            let begun = Instant::now();
            for _ in 0..batch {
                let status = row.app.answer(black_box((row.request)(&row.app)));
                assert_eq!(status, row.expected, "{}", row.name);
            }
            let time = begun.elapsed().as_secs_f64() * 1e9 / batch as f64;
            // The first round warms up.
            if round > 0 {
                row.times.push(time);
            }
        }
    }
    println!("{:<42} {:>10} {:>10} {:>8} {:>8}", "ns per request", "median", "fastest", "/ open", "/ limit");
    for row in &rows {
        let to = |other: &Row| median(row.times.iter().zip(&other.times).map(|(time, other)| time / other));
        let fastest = row.times.iter().copied().fold(f64::INFINITY, f64::min);
        println!(
            "{:<42} {:>10.0} {:>10.0} {:>8.2} {:>8.2}",
            row.name,
            median(row.times.iter().copied()),
            fastest,
            to(&rows[0]),
            to(&rows[1])
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
