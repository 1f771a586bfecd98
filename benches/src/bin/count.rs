//! Answers a number of requests and ends, for tools that count instructions; `benches/count` runs it.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a tool for the people who measure")]

use benches::{App, Kind};
use countersign::token::Algorithm;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, algorithm, requests] = arguments.as_slice() else {
        eprintln!("usage: count open|countersign|live|handwritten ALGORITHM REQUESTS");
        std::process::exit(2);
    };
    let kind = match kind.as_str() {
        "countersign" => Kind::Countersign,
        "handwritten" => Kind::Handwritten,
        "live" => Kind::LiveFromFeed,
        _ => Kind::Open,
    };
    let app = App::new(kind, algorithm.parse::<Algorithm>().unwrap());
    for _ in 0..requests.parse::<u32>().unwrap() {
        assert!(app.answer(app.request()).is_success());
    }
}
