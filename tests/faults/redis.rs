//! A Redis server that stops, hangs and loses its data.

use std::fs;

use test_servers::Redis;

use crate::outages::outage_under_load_costs_no_session;
use crate::server::{IN_WINDOW, STRICT, Server, Store};

/// Row 90.
#[test]
fn redis_that_is_killed_under_load_costs_no_session() {
    let redis = Redis::start();
    outage_under_load_costs_no_session(redis.url(), || redis.stop(), || redis.start_again());
}

/// Rows 79 and 90: without a window, so that a token that was consumed unnoticed would show.
#[test]
fn redis_that_is_down_consumes_nothing_and_forgets_no_rotation() {
    let redis = Redis::start();
    let server = Server::start(&Store::at(redis.url()), STRICT);
    let [ann, bob] = ["ann", "bob"].map(|user| {
        let first = server.login(user);
        let second = server.refresh(&first.refresh).pair();
        (first, second)
    });
    redis.stop();
    for _ in 0..3 {
        server.refresh(&ann.1.refresh).is_unavailable();
        server.refresh(&bob.0.refresh).is_unavailable();
        assert!(server.lets_in(&ann.1), "access tokens need no store");
    }
    redis.start_again();
    let next = server.refresh_when_available(&ann.1.refresh).pair();
    assert_eq!(server.sessions(&next), [2]);
    server.refresh(&bob.0.refresh).is_invalid_grant();
    server.refresh(&bob.1.refresh).is_invalid_grant();
}

/// Row 90.
#[test]
fn redis_that_hangs_is_unavailable_and_consumes_nothing() {
    let redis = Redis::start();
    let server = Server::start(&Store::at(redis.url()), IN_WINDOW);
    let first = server.login("ann");
    redis.pause();
    server.refresh(&first.refresh).is_unavailable();
    redis.resume();
    let second = server.refresh_when_available(&first.refresh).pair();
    assert_eq!(server.refresh(&first.refresh).pair(), second);
    assert_eq!(server.sessions(&second), [1]);
}

/// Row 90: an unknown session is refused; the request neither passes nor is an error of the server.
#[test]
fn redis_that_lost_its_data_has_no_sessions_left() {
    let redis = Redis::start();
    let server = Server::start(&Store::at(redis.url()), IN_WINDOW);
    let first = server.login("ann");
    let second = server.refresh(&first.refresh).pair();
    redis.stop();
    fs::remove_dir_all(redis.folder().join("appendonlydir")).unwrap();
    redis.start_again();

    server.refresh_when_available(&second.refresh).is_invalid_grant();
    server.refresh(&first.refresh).is_invalid_grant();
    assert!(server.sessions(&second).is_empty());
    let again = server.login("ann");
    server.refresh(&again.refresh).pair();
}
