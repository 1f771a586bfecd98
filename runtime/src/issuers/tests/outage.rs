//! Issuers that cannot be reached, or answer with something else than their keys.

use std::time::Duration;

use super::kit::{Endpoint, HOUR, MINUTE, SECOND, Server, jwks, settle};
use crate::issuers::keys::Found;

/// Every way in which an endpoint can fail.
fn failing() -> Vec<(&'static str, Endpoint)> {
    let many: Vec<u64> = (0..1000).collect();
    vec![
        ("is down", Endpoint::IsDown),
        ("hangs", Endpoint::Hangs),
        ("500", Endpoint::Status(500)),
        ("404", Endpoint::Status(404)),
        ("204", Endpoint::Status(204)),
        ("redirect", Endpoint::Status(302)),
        ("followed redirect", Endpoint::IsAt("https://evil.example/keys")),
        ("garbage", Endpoint::Text("<html>login</html>".to_owned())),
        ("other JSON", Endpoint::Text("{}".to_owned())),
        ("10 MB", Endpoint::Text(format!("{}{}", jwks(&[1]), " ".repeat(10_000_000)))),
        ("1,000 keys", Endpoint::Text(jwks(&many))),
    ]
}

/// Row 167. The time is that of tokio, which the test moves; the clock of the server does not move by itself.
#[tokio::test(start_paused = true)]
async fn a_known_kid_never_waits_whatever_the_endpoint_does() {
    for (name, endpoint) in failing() {
        let server = Server::running(&[1]).await;
        server.issuer.set(endpoint);
        // Fresh, while unknown ids are asked for; due; and over its age.
        for step in [Duration::ZERO, 8 * MINUTE, 90 * SECOND, 90 * SECOND] {
            server.clock.advance(step);
            let junk = tokio::spawn({
                let server = server.clone();
                async move { server.look("junk").await }
            });
            settle().await;
            assert!(server.at_once("k1").is_some(), "{name}");
            tokio::time::sleep(6 * SECOND).await;
            assert_eq!(junk.await.unwrap(), "unreachable", "{name}");
            assert!(server.at_once("k1").is_some(), "{name}");
        }
        assert!(server.issuer.asked() > 2, "{name}");
        // The attempts go on by themselves, and the first good answer ends the outage.
        server.issuer.set(Endpoint::Works);
        server.issuer.rotate(&[1, 2]);
        server.clock.advance(MINUTE);
        assert!(server.at_once("k1").is_some(), "{name}");
        settle().await;
        assert!(server.at_once("k2").is_some(), "{name}");
    }
}

/// Row 168.
#[tokio::test(start_paused = true)]
async fn an_outage_of_six_hours_is_tolerated_and_then_503() {
    for (name, endpoint) in failing() {
        let server = Server::running(&[1]).await;
        let start = server.now();
        server.issuer.set(endpoint);
        let mut last = "";
        while server.now().since(start) < 7 * HOUR {
            server.clock.advance(30 * SECOND);
            let found = server.find("k1").await;
            let passed = server.now().since(start);
            match &found {
                Found::Key(_) => assert!(passed < 6 * HOUR, "{name}: {passed:?}"),
                Found::TooOld(after) => {
                    assert!(passed >= 6 * HOUR, "{name}: {passed:?}");
                    assert!((SECOND..=MINUTE).contains(after), "{name}: {after:?}");
                }
                other => panic!("{name}: {other:?} after {passed:?}"),
            }
            last = super::kit::named(&found);
            tokio::time::sleep(6 * SECOND).await;
        }
        assert_eq!(last, "too old", "{name}");
        server.issuer.set(Endpoint::Works);
        server.clock.advance(MINUTE);
        assert_eq!(server.look("k1").await, "too old", "{name}: no request waits");
        settle().await;
        assert_eq!(server.look("k1").await, "key", "{name}");
    }
}

/// Row 168. A server that was idle for all of the outage.
#[tokio::test(start_paused = true)]
async fn the_first_request_after_a_long_silence_waits_for_one_attempt() {
    for (idle, expected) in
        [(HOUR, "key"), (6 * HOUR - SECOND, "key"), (6 * HOUR, "too old"), (100 * HOUR, "too old")]
    {
        for endpoint in [Endpoint::Hangs, Endpoint::IsDown] {
            let server = Server::running(&[1]).await;
            server.issuer.set(endpoint);
            server.clock.advance(idle);
            assert!(server.at_once("k1").is_none());
            let asked = tokio::time::Instant::now();
            assert_eq!(server.look("k1").await, expected, "{idle:?}");
            assert!(asked.elapsed() <= 5 * SECOND + Duration::from_millis(10));
            // The next ones know.
            let asked = tokio::time::Instant::now();
            assert_eq!(server.look("k1").await, expected, "{idle:?}");
            assert_eq!(asked.elapsed(), Duration::ZERO);
        }
    }
}

/// Row 168. A 401 would make clients throw away their tokens.
#[tokio::test]
async fn an_unknown_kid_is_503_while_the_issuer_cannot_be_asked() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::IsDown);
    server.issuer.rotate(&[1, 2]);
    for _ in 0..10 {
        assert_eq!(server.look("k2").await, "unreachable");
    }
    assert_eq!(server.issuer.asked(), 2, "a pause after the failure");
    server.issuer.set(Endpoint::Works);
    server.clock.advance(SECOND);
    assert_eq!(server.look("k2").await, "unreachable", "no request waits in an outage");
    settle().await;
    assert_eq!(server.look("k2").await, "key");
}

/// Row 168.
#[tokio::test(start_paused = true)]
async fn a_server_starts_without_its_issuer() {
    for (name, endpoint) in failing() {
        let server = Server::with_keys(&[1]);
        server.issuer.set(endpoint);
        server.keys.start();
        settle().await;
        for _ in 0..50 {
            match server.find("k1").await {
                Found::NoSetYet(after) => assert!((SECOND..=MINUTE).contains(&after), "{name}: {after:?}"),
                other => panic!("{name}: {other:?}"),
            }
            server.clock.advance(SECOND);
        }
        assert!(server.at_once("k1").is_none(), "{name}");
        server.issuer.set(Endpoint::Works);
        server.clock.advance(MINUTE);
        // No request is needed: the start goes on until there is a set.
        tokio::time::sleep(2 * MINUTE).await;
        assert!(server.at_once("k1").is_some(), "{name}");
    }
}

/// The requests of the first moment wait for the first set.
#[tokio::test]
async fn the_first_requests_wait_for_the_first_fetch() {
    let server = Server::with_keys(&[1]);
    server.issuer.set(Endpoint::Held);
    server.keys.start();
    let looks: Vec<_> = (0..10)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.look("k1").await })
        })
        .collect();
    settle().await;
    server.issuer.let_go();
    for look in looks {
        assert_eq!(look.await.unwrap(), "key");
    }
    assert_eq!(server.issuer.asked(), 1);
}

/// A start that found nothing does not outlive the keys.
#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_start_end_with_the_server() {
    let server = Server::with_keys(&[1]);
    server.issuer.set(Endpoint::IsDown);
    server.keys.start();
    settle().await;
    let Server { keys, issuer, clock } = server;
    drop(keys);
    let asked = issuer.asked();
    clock.advance(HOUR);
    tokio::time::sleep(HOUR).await;
    assert_eq!(issuer.asked(), asked);
}

/// In an outage of an hour, an attempt a minute, however many requests come.
#[tokio::test]
async fn attempts_have_pauses_between_them() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::IsDown);
    server.clock.advance(10 * MINUTE);
    for _ in 0..3600 {
        for kid in ["k1", "k1", "junk"] {
            server.look(kid).await;
        }
        settle().await;
        server.clock.advance(SECOND);
    }
    let attempts = server.issuer.asked() - 1;
    assert!((60..=70).contains(&attempts), "{attempts}");
}
