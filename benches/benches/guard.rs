//! `cargo bench -p benches`: a request through the open route, the guarded one, and the one guarded by hand.

#![allow(missing_docs, reason = "each benchmark is named")]

use axum::http::StatusCode;
use benches::{ALGORITHMS, App, Kind};
use countersign::token::Algorithm;
use divan::{AllocProfiler, Bencher};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

fn measure(bencher: Bencher<'_, '_>, kind: Kind, algorithm: Algorithm) {
    let app = App::new(kind, algorithm);
    assert_eq!(app.answer(app.request()), StatusCode::OK);
    bencher.with_inputs(|| app.request()).bench_values(|request| app.answer(request));
}

#[divan::bench(args = ALGORITHMS)]
fn countersign(bencher: Bencher<'_, '_>, algorithm: &Algorithm) {
    measure(bencher, Kind::Countersign, *algorithm);
}

#[divan::bench(args = ALGORITHMS)]
fn handwritten(bencher: Bencher<'_, '_>, algorithm: &Algorithm) {
    measure(bencher, Kind::Handwritten, *algorithm);
}

#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    measure(bencher, Kind::Open, Algorithm::Hs256);
}

/// A live route that is answered from the feed of endings.
#[divan::bench]
fn live_from_feed(bencher: Bencher<'_, '_>) {
    measure(bencher, Kind::LiveFromFeed, Algorithm::Hs256);
}

/// A live route that looks the session up in a store in memory.
#[divan::bench]
fn live_looked_up(bencher: Bencher<'_, '_>) {
    measure(bencher, Kind::LiveLookedUp, Algorithm::Hs256);
}

/// Tokens that are refused before any cryptography.
#[divan::bench(args = ["too-long", "wrong-header"])]
fn refused(bencher: Bencher<'_, '_>, why: &str) {
    let app = App::new(Kind::Countersign, Algorithm::Hs256);
    let token = match why {
        "too-long" => "x".repeat(9000),
        _ => format!("eyJhbGciOiJub25lIn0.{}.{}", "x".repeat(300), "x".repeat(43)),
    };
    assert_eq!(app.answer(App::request_with(&token)), StatusCode::UNAUTHORIZED);
    bencher.with_inputs(|| App::request_with(&token)).bench_values(|request| app.answer(request));
}
