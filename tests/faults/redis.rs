//! A Redis server that stops, hangs and forgets.

use std::fs;

use test_servers::Redis;

use crate::outages::outage_under_load_signs_nobody_out;
use crate::server::{IN_WINDOW, STRICT, Server, Store};

/// Row 90.
#[test]
fn redis_that_is_killed_under_load_signs_nobody_out() {
    let redis = Redis::start();
    outage_under_load_signs_nobody_out(redis.url(), || redis.stop(), || redis.start_again());
}

/// Rows 79 and 90: strict, so that a single token that was consumed unnoticed would show.
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

/// Row 90: what is not known is refused, and is neither let in nor an error of the server.
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
