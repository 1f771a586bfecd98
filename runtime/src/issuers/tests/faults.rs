//! Faults that caches of keys are known for, and attacks on them.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;

use super::kit::{Endpoint, HOUR, Issuer, MINUTE, SECOND, START, Server, named, settle};
use crate::clock::Clock as _;
use crate::issuers::discovery::Remote;
use crate::issuers::keys::{Found, IssuerKeys};
use crate::testing::TestClock;
use crate::token::Algorithm;

#[tokio::test]
async fn a_known_kid_is_not_locked_out_by_junk_kids() {
    let server = Server::running(&[1]).await;
    for junk in 0..100 {
        server.look(&format!("junk-{junk}")).await;
        assert!(server.at_once("k1").is_some());
    }
    assert_eq!(server.issuer.asked(), 1 + 3);
    // Nor is the refresh of the set: it takes nothing from the bucket.
    for _ in 0..20 {
        server.clock.advance(MINUTE);
        server.look("junk").await;
        assert_eq!(server.look("k1").await, "key");
        settle().await;
    }
}

/// Rows 25 and 166.
#[tokio::test]
async fn not_every_unknown_kid_is_fetched() {
    let server = Server::running(&[1]).await;
    let burst = async |size: usize| {
        let before = server.issuer.asked();
        let looks = (0..size).map(|junk| {
            let server = server.clone();
            async move { server.look(&format!("junk-{junk}")).await }
        });
        let found = join_all(looks).await;
        assert!(found.iter().all(|found| *found == "unknown"));
        server.issuer.asked() - before
    };
    assert_eq!([burst(250).await, burst(250).await, burst(250).await, burst(250).await], [1, 1, 1, 0]);
    for minute in 0..5 {
        let mut fetches = 0;
        for _ in 0..60 {
            server.clock.advance(SECOND);
            fetches += burst(17).await;
        }
        assert_eq!(fetches, 2, "minute {minute}");
    }
}

/// Row 166, on several threads and with an endpoint that takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_parallel_requests_wait_for_one_fetch() {
    let server = Server::with_keys(&[1]);
    assert_eq!(server.look("k1").await, "key");
    server.issuer.set(Endpoint::Held);
    server.issuer.rotate(&[1, 2]);
    let looks: Vec<_> = (0..1000)
        .map(|number| {
            let server = server.clone();
            let kid = if number % 2 == 0 { "k2".to_owned() } else { format!("junk-{number}") };
            tokio::spawn(async move { (number, server.look(&kid).await) })
        })
        .collect();
    server.issuer.let_go();
    server.issuer.let_go();
    server.issuer.let_go();
    for look in looks {
        let (number, found) = look.await.unwrap();
        // A request that comes when the fetch has just ended begins the next one, so junk may cost up to three.
        assert_eq!(found, if number % 2 == 0 { "key" } else { "unknown" });
    }
    let fetches = server.issuer.asked() - 1;
    assert!((1..=3).contains(&fetches), "{fetches}");
}

#[tokio::test]
async fn a_new_kid_waits_no_longer_than_30_seconds_whatever_junk_comes() {
    for rotated_after in 0..35 {
        let server = Server::running(&[1]).await;
        let mut waited = None;
        for second in 0..120 {
            for junk in 0..5 {
                assert_eq!(server.look(&format!("junk-{second}-{junk}")).await, "unknown");
            }
            if second == rotated_after {
                server.issuer.rotate(&[1, 2]);
            }
            if second >= rotated_after && server.look("k2").await == "key" {
                waited = Some(second - rotated_after);
                break;
            }
            server.clock.advance(SECOND);
        }
        assert!(waited.is_some_and(|waited| waited <= 30), "{waited:?}");
    }
}

#[tokio::test]
async fn a_new_kid_is_fetched_at_once() {
    let server = Server::running(&[1]).await;
    server.issuer.rotate(&[1, 2]);
    assert!(server.at_once("k2").is_none());
    assert_eq!(server.look("k2").await, "key");
    assert_eq!(server.issuer.asked(), 2);
}

#[tokio::test]
async fn no_lock_is_held_while_a_fetch_is_under_way() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::Held);
    let waiting = tokio::spawn({
        let server = server.clone();
        async move { server.look("k2").await }
    });
    settle().await;
    assert_eq!(server.issuer.asked(), 2, "the fetch is under way");
    assert!(server.at_once("k1").is_some());
    let mut look = Box::pin(server.look("k1"));
    let answer = look.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(answer, Poll::Ready("key"));
    server.keys.forget();
    assert!(server.at_once("k1").is_none());
    assert!(!waiting.is_finished());
    server.issuer.let_go();
    server.issuer.let_go();
    assert_eq!(waiting.await.unwrap(), "unknown");
}

#[tokio::test]
async fn a_fetch_is_not_cancelled_with_its_caller() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::Held);
    server.issuer.rotate(&[1, 2]);
    let looks: Vec<_> = (0..3)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.look("k2").await })
        })
        .collect();
    settle().await;
    looks[0].abort();
    looks[1].abort();
    settle().await;
    server.issuer.let_go();
    settle().await;
    assert!(server.at_once("k2").is_some());
    assert_eq!(looks.into_iter().next_back().unwrap().await.unwrap(), "key");
    assert_eq!(server.issuer.asked(), 2);
}

/// A cache keyed by the id alone would take one issuer's key for the other's.
#[tokio::test]
async fn one_kid_at_two_issuers_is_two_keys() {
    let (one, other) = (Server::running(&[1]).await, Server::running(&[2]).await);
    let jwk = super::kit::jwks(&[2]).replace("k2", "k1");
    other.issuer.set(Endpoint::Text(jwk));
    assert_eq!(other.look("k1").await, "key");
    let (one_key, other_key) = (one.key("k1").await, other.key("k1").await);
    assert!(!one_key.key.is_same_key(&other_key.key));
    one.keys.forget();
    assert!(!one_key.life.is_usable(one.now()));
    assert!(other_key.life.is_usable(other.now()));
    assert_eq!(one.look("k2").await, "unknown");
}

#[tokio::test]
async fn a_named_kid_never_falls_back_and_a_nameless_token_needs_the_only_key() {
    let server = Server::running(&[1]).await;
    let nameless = async |algorithm| named(&server.keys.find_or_fetch(None, algorithm).await);
    assert_eq!(nameless(Algorithm::EdDsa).await, "key");
    assert_eq!(nameless(Algorithm::Es256).await, "unknown");
    for kid in ["", "K1", "k1 ", "k", "k11", "k1\0", "../../dev/null", "' OR 1=1 --"] {
        assert_eq!(server.look(kid).await, "unknown", "{kid}");
    }
    let other = server.keys.find_or_fetch(Some("k1"), Algorithm::Es256).await;
    assert!(matches!(other, Found::Unknown), "the key is for another algorithm");
    server.keys.forget();
    server.issuer.rotate(&[1, 2]);
    assert_eq!(nameless(Algorithm::EdDsa).await, "unknown", "it could be either");
    assert_eq!(server.look("k1").await, "key");
}

/// A key without an id is found by its algorithm alone.
#[tokio::test]
async fn a_name_does_not_lead_to_a_nameless_key() {
    let server = Server::with_keys(&[]);
    server.issuer.set(Endpoint::Text(super::kit::jwks(&[1]).replace(r#""kid":"k1","#, "")));
    assert_eq!(server.look("k1").await, "unknown");
    assert!(matches!(server.keys.find_or_fetch(None, Algorithm::EdDsa).await, Found::Key(_)));
}

#[tokio::test]
async fn a_client_that_panics_leaves_no_request_waiting() {
    let server = Server::with_keys(&[1]);
    server.issuer.set(Endpoint::Panics);
    assert_eq!(server.look("k1").await, "no set yet");
    server.clock.advance(SECOND);
    server.issuer.set(Endpoint::Works);
    assert_eq!(server.look("k1").await, "no set yet", "no request waits in an outage");
    settle().await;
    assert_eq!(server.look("k1").await, "key");
    server.issuer.set(Endpoint::Panics);
    assert_eq!(server.look("k2").await, "unreachable");
    assert_eq!(server.look("k1").await, "key");
}

/// The task of a fetch ends with its runtime, and that of another one goes on.
#[test]
fn a_runtime_that_ends_takes_no_fetch_with_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::with_keys(&[1]);
    server.issuer.set(Endpoint::Held);
    let first = runtime();
    first.block_on(async {
        server.keys.start();
        settle().await;
    });
    assert_eq!(server.issuer.asked(), 1);
    drop(first);
    server.issuer.set(Endpoint::Works);
    assert_eq!(runtime().block_on(server.look("k1")), "key");
}

/// As on WebAssembly: the callers themselves run the fetch.
#[test]
fn without_a_runtime_the_first_caller_fetches() {
    let server = Server::with_keys(&[1]);
    server.keys.start();
    assert_eq!(server.issuer.asked(), 0);
    let mut context = Context::from_waker(Waker::noop());
    let mut look = |kid: &'static str| {
        let server = server.clone();
        let mut look = Box::pin(async move { server.look(kid).await });
        match look.as_mut().poll(&mut context) {
            Poll::Ready(found) => found,
            Poll::Pending => "waits",
        }
    };
    assert_eq!(look("k1"), "key");
    // A caller that goes away takes its fetch with it, and one that waited for it begins another.
    server.issuer.set(Endpoint::Hangs);
    server.issuer.rotate(&[1, 2]);
    let mut first = Box::pin(server.look("junk"));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut second = Box::pin(server.look("k2"));
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    server.issuer.set(Endpoint::Works);
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(first);
    assert_eq!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready("key"));
    server.keys.forget();
    server.issuer.set(Endpoint::Hangs);
    assert_eq!(look("k1"), "waits");
    server.issuer.set(Endpoint::IsDown);
    assert_eq!(look("k1"), "no set yet");
    server.issuer.set(Endpoint::Works);
    assert_eq!(look("k1"), "no set yet", "a pause after the failure");
    server.clock.advance(2 * SECOND);
    assert_eq!(look("k1"), "key");
    server.clock.advance(11 * MINUTE);
    assert_eq!(look("k1"), "key");
    assert_eq!(server.issuer.asked(), 7);
}

#[tokio::test]
async fn keys_at_hand_are_neither_fetched_nor_forgotten() {
    let clock = TestClock::at(START);
    let json = super::kit::jwks(&[1, 2]);
    let set = crate::issuers::published::PublishedSet::read(json.as_bytes(), &[Algorithm::EdDsa]).unwrap();
    let keys = IssuerKeys::at_hand("https://login.example.com", set, Arc::new(clock.clone()));
    keys.start();
    keys.forget();
    clock.advance(10_000 * HOUR);
    let key = keys.find(Some("k1"), Algorithm::EdDsa, clock.now()).unwrap();
    assert!(key.life.is_usable(clock.now()));
    assert!(matches!(keys.find_or_fetch(Some("k3"), Algorithm::EdDsa).await, Found::Unknown));
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_key_younger() {
    let server = Server::running(&[1]).await;
    server.issuer.rotate(&[2]);
    server.clock.set(crate::clock::Timestamp::from_unix(START - 3600));
    assert!(server.at_once("k1").is_none());
    assert_eq!(server.look("k1").await, "unknown");
    assert_eq!(server.look("k2").await, "key");
    // A second is the difference of two readings, and no reason to fetch.
    server.clock.set(crate::clock::Timestamp::from_unix(START - 3601));
    assert!(server.at_once("k2").is_some());
}

#[tokio::test]
async fn an_idle_server_asks_for_nothing() {
    let clock = TestClock::at(START);
    let issuer = Issuer::with_keys(&[1]);
    let remote = Remote::keys_at(super::kit::KEYS, vec![Algorithm::EdDsa], Box::new(issuer.clone())).unwrap();
    let keys = IssuerKeys::remote("https://login.example.com", remote, Arc::new(clock.clone()));
    keys.start();
    for _ in 0..100 {
        clock.advance(HOUR);
        settle().await;
    }
    assert_eq!(issuer.asked(), 1);
}
