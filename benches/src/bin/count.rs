//! Answers a number of requests and ends, for tools that count instructions; `benches/count` runs it.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a tool for the people who measure")]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use benches::{App, Kind};
use countersign::token::Algorithm;

/// The most requests. So many are made beforehand in a shorter run too, so that the difference of two runs is their answers alone.
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
    let mut requests: Vec<_> = (0..MOST).map(|_| request(&app)).collect();
    requests.truncate(count.parse().unwrap());
    let status = answers(&app, requests);
    assert_eq!(status.is_success(), tokens != "forged", "{status}");
}

/// Answers the requests; callgrind counts in here alone.
#[inline(never)]
fn answers(app: &App, requests: Vec<Request<Body>>) -> StatusCode {
    let mut last = StatusCode::OK;
    for request in requests {
        last = app.answer(request);
    }
    last
}
