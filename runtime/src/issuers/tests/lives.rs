//! How long a key is good: its age, its withdrawal, and what is remembered of it.

use super::kit::{Endpoint, HOUR, MINUTE, SECOND, Server, settle};
use crate::issuers::keys::VerifyingKey;

/// Row 169. Not even once more: the first request after the age sees the new set.
#[tokio::test]
async fn a_retired_key_is_not_accepted_once_more_after_its_age() {
    for idle in [10 * MINUTE, 11 * MINUTE, 5 * HOUR, 7 * HOUR, 1000 * HOUR] {
        let server = Server::running(&[1, 2]).await;
        server.issuer.rotate(&[2]);
        server.clock.advance(idle);
        assert!(server.at_once("k1").is_none());
        assert_eq!(server.look("k1").await, "unknown", "{idle:?}");
        assert_eq!(server.look("k2").await, "key");
        assert_eq!(server.issuer.asked(), 2);
    }
}

/// Row 169. A busy server has the next set before the age is over.
#[tokio::test]
async fn no_key_is_used_for_ever() {
    let server = Server::running(&[1, 2]).await;
    server.issuer.rotate(&[2]);
    let mut accepted = 0;
    for _ in 0..3600 {
        server.clock.advance(SECOND);
        match server.look("k1").await {
            "key" => accepted += 1,
            found => assert_eq!(found, "unknown"),
        }
        assert_eq!(server.look("k2").await, "key");
        settle().await;
    }
    assert_eq!(accepted, 480, "80 % of 10 minutes");
}

#[tokio::test]
async fn a_set_is_refreshed_ahead_and_no_request_waits() {
    let server = Server::running(&[1]).await;
    server.clock.advance(479 * SECOND);
    assert!(server.at_once("k1").is_some());
    settle().await;
    assert_eq!(server.issuer.asked(), 1);
    server.clock.advance(SECOND);
    server.issuer.set(Endpoint::Held);
    for _ in 0..10 {
        assert!(server.at_once("k1").is_some(), "while the fetch is under way");
        settle().await;
    }
    assert_eq!(server.issuer.asked(), 2);
    server.issuer.let_go();
    settle().await;
    server.clock.advance(479 * SECOND);
    assert!(server.at_once("k1").is_some());
    settle().await;
    assert_eq!(server.issuer.asked(), 2);
}

#[tokio::test]
async fn the_issuer_says_the_age() {
    for (cache_control, age) in
        [("max-age=60", MINUTE), ("max-age=7200", 2 * HOUR), ("max-age=999999", 24 * HOUR)]
    {
        let server = Server::with_keys(&[1]);
        server.issuer.state().cache_control = Some(cache_control);
        assert_eq!(server.look("k1").await, "key");
        server.issuer.rotate(&[2]);
        server.clock.advance(age - SECOND);
        assert_eq!(server.look("k1").await, "key", "{cache_control}");
        // What this began behind the scenes has not come back yet.
        server.clock.advance(SECOND);
        assert_eq!(server.look("k1").await, "unknown", "{cache_control}");
    }
}

/// Row 169.
#[tokio::test]
async fn a_withdrawn_key_is_refused_at_once_after_forget() {
    let server = Server::running(&[1, 2]).await;
    let (one, two) = (server.key("k1").await, server.key("k2").await);
    server.issuer.rotate(&[2]);
    server.keys.forget();
    assert!(server.at_once("k1").is_none());
    for key in [&one, &two] {
        assert!(!key.life.is_usable(server.now()), "what was verified with it does not count any more");
    }
    assert_eq!(server.look("k1").await, "unknown");
    assert_eq!(server.look("k2").await, "key");
    assert!(!two.life.is_usable(server.now()));
    assert!(server.key("k2").await.life.is_usable(server.now()));
}

/// Row 169. The fetch may have read what is to be forgotten.
#[tokio::test]
async fn a_fetch_from_before_forget_does_not_count() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::Held);
    let look = |kid: &'static str| {
        let server = server.clone();
        tokio::spawn(async move { server.look(kid).await })
    };
    let before = look("k7");
    settle().await;
    server.issuer.rotate(&[2]);
    server.keys.forget();
    let after = look("k1");
    settle().await;
    assert_eq!(server.issuer.asked(), 3, "the second fetch does not wait for the first");
    // The gate is fair: the first answer, which has the key, goes first.
    server.issuer.let_go();
    settle().await;
    assert!(!after.is_finished());
    assert!(server.at_once("k1").is_none());
    server.issuer.let_go();
    assert_eq!((before.await.unwrap(), after.await.unwrap()), ("unknown", "unknown"));
    assert!(server.at_once("k2").is_some());
}

/// After a forget there is nothing to go on with.
#[tokio::test]
async fn after_forget_an_outage_is_503() {
    let server = Server::running(&[1]).await;
    server.issuer.set(Endpoint::IsDown);
    server.keys.forget();
    assert_eq!(server.look("k1").await, "no set yet");
    server.issuer.set(Endpoint::Works);
    server.keys.forget();
    assert_eq!(server.look("k1").await, "key", "an operator who tries again need not wait");
}

/// The remembered verifications of a busy server ask the life alone.
#[tokio::test]
async fn a_life_ends_where_the_keys_have_to_be_looked_at() {
    let server = Server::running(&[1, 2]).await;
    let one = server.key("k1").await;
    let usable = |seconds: u32| one.life.is_usable(server.now() + seconds * SECOND);
    assert!(usable(479) && !usable(480), "until the refresh");
    server.clock.advance(480 * SECOND);
    server.issuer.set(Endpoint::Held);
    assert!(server.at_once("k1").is_some());
    settle().await;
    assert!(usable(9) && !usable(10), "for a moment, while the refresh is under way");
    server.issuer.let_go();
    settle().await;
    assert!(usable(479) && !usable(480), "until the next refresh: the key is the same");
    server.issuer.set(Endpoint::Works);
    server.issuer.rotate(&[2]);
    server.clock.advance(480 * SECOND);
    let two = server.key("k2").await;
    assert!(server.at_once("k1").is_some());
    assert!(usable(9), "for a moment");
    settle().await;
    assert!(!usable(0), "the key was withdrawn");
    assert!(two.life.is_usable(server.now()));
    assert!(server.at_once("k1").is_none());
}

#[tokio::test]
async fn a_key_that_comes_back_has_a_new_life() {
    let server = Server::running(&[1, 2]).await;
    let first = server.key("k1").await;
    for keys in [&[2][..], &[1, 2]] {
        server.issuer.rotate(keys);
        server.clock.advance(10 * MINUTE);
        assert_eq!(server.look("k2").await, "key");
    }
    assert!(!first.life.is_usable(server.now()));
    assert!(server.key("k1").await.life.is_usable(server.now()));
}

/// Not even the last moment is lent beyond the end.
#[tokio::test]
async fn a_life_is_not_lent_beyond_the_age_nor_beyond_the_tolerated_outage() {
    let server = Server::running(&[1]).await;
    let usable_at = |key: &VerifyingKey, seconds: u32| key.life.is_usable(server.now() + seconds * SECOND);
    server.clock.advance(10 * MINUTE - 5 * SECOND);
    server.issuer.set(Endpoint::IsDown);
    let key = server.key("k1").await;
    assert!(usable_at(&key, 4) && !usable_at(&key, 5));
    server.clock.advance(6 * HOUR - 10 * MINUTE);
    let key = server.key("k1").await;
    assert!(usable_at(&key, 4) && !usable_at(&key, 5));
}

/// What the issuer withdraws while its answer is on the way is not in the answer, or should not be.
#[tokio::test]
async fn the_age_of_a_set_counts_from_when_it_was_asked_for() {
    let server = Server::running(&[1]).await;
    server.clock.advance(8 * MINUTE);
    server.issuer.set(Endpoint::Held);
    assert!(server.at_once("k1").is_some());
    settle().await;
    server.clock.advance(MINUTE);
    server.issuer.let_go();
    settle().await;
    server.issuer.set(Endpoint::Works);
    server.issuer.rotate(&[]);
    server.clock.advance(9 * MINUTE - SECOND);
    assert!(server.at_once("k1").is_some());
    server.clock.advance(SECOND);
    assert!(server.at_once("k1").is_none());
}

/// The keys of before are not believed any more. But an issuer without keys is one that starts, or something that answers in its place, and no
/// reason for clients to throw away their tokens.
#[tokio::test]
async fn a_set_without_keys_withdraws_them_and_is_an_outage() {
    let server = Server::running(&[1]).await;
    server.issuer.rotate(&[]);
    server.clock.advance(10 * MINUTE);
    assert_eq!(server.look("k1").await, "unreachable");
    server.issuer.rotate(&[2]);
    server.clock.advance(10 * MINUTE);
    assert_eq!(server.look("k1").await, "unknown");
    assert_eq!(server.look("k2").await, "key");
}

/// In every second of an outage a life lasts no longer than the outage is tolerated.
#[tokio::test]
async fn a_life_ends_with_the_time_for_which_an_outage_is_tolerated() {
    let server = Server::running(&[1]).await;
    let key = server.key("k1").await;
    server.issuer.set(Endpoint::IsDown);
    server.clock.advance(8 * MINUTE);
    let (mut looks, end) = (0, server.now() + (6 * HOUR - 8 * MINUTE));
    while server.now() < end {
        if !key.life.is_usable(server.now()) {
            assert_eq!(server.look("k1").await, "key");
            settle().await;
            looks += 1;
        }
        assert!(key.life.is_usable(server.now()));
        server.clock.advance(SECOND);
    }
    assert!(!key.life.is_usable(server.now()));
    assert_eq!(server.look("k1").await, "too old");
    assert!(!key.life.is_usable(server.now()));
    assert!(looks > 2000, "the keys are looked at every ten seconds: {looks}");
    let attempts = server.issuer.asked();
    assert!((350..400).contains(&attempts), "an attempt a minute: {attempts}");
}
