//! Answers a number of requests and ends, for tools that count instructions; `benches/count` runs it.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a tool for the people who measure")]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use benches::{App, Kind};
use countersign::token::Algorithm;

/// The most requests. So many tokens are made in a shorter run too, so that the difference of two runs is requests alone.
const MOST: usize = 1200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, algorithm, tokens, count] = arguments.as_slice() else {
        eprintln!("usage: count KIND ALGORITHM first|again|forged REQUESTS");
        std::process::exit(2);
    };
    let distinct = if tokens == "first" { MOST } else { 1 };
    let app = App::with_tokens(Kind::named(kind).unwrap(), algorithm.parse::<Algorithm>().unwrap(), distinct);
    let request = if tokens == "forged" { App::forged_request } else { App::request };
    let status = answers(&app, request, count.parse().unwrap());
    assert_eq!(status.is_success(), tokens != "forged", "{status}");
}

/// Makes requests and answers them; callgrind counts in here alone.
#[inline(never)]
fn answers(app: &App, request: fn(&App) -> Request<Body>, count: usize) -> StatusCode {
    let mut last = StatusCode::OK;
    for _ in 0..count {
        last = app.answer(request(app));
    }
    last
}
