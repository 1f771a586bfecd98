//! The states of a key in time.

use std::slice::from_ref;

use super::super::generate::Fresh;
use super::{DAY, GRACE, HOUR, MINUTE, SECOND, START, Server, builder, open};
use crate::clock::Clock as _;
use crate::store::MemoryStore;
use crate::testing::TestClock;
use crate::token::{Algorithm, Key, KeyRing};

async fn kids_at(ring: &KeyRing, clock: &TestClock, moment: crate::clock::Timestamp) -> Vec<String> {
    clock.set(moment);
    ring.tick().await.unwrap();
    ring.kids()
}

/// Row 176. The states of two keys, to the second.
#[tokio::test]
async fn a_key_is_announced_then_signs_then_retires() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    ring.follow(GRACE, |_| true);
    let [first] = &ring.kids()[..] else { panic!() };
    let (announced, signs) = (START + 89 * DAY, START + 90 * DAY);
    assert_eq!(kids_at(&ring, &clock, announced - SECOND).await, from_ref(first));
    let both = kids_at(&ring, &clock, announced).await;
    let [still_first, second] = &both[..] else { panic!("{both:?}") };
    assert_eq!(still_first, first);
    assert_eq!(kids_at(&ring, &clock, signs - SECOND).await, both);
    assert_eq!(kids_at(&ring, &clock, signs).await, [second.clone(), first.clone()]);
    let retires = signs + GRACE;
    assert_eq!(kids_at(&ring, &clock, retires - SECOND).await, [second.clone(), first.clone()]);
    assert_eq!(kids_at(&ring, &clock, retires).await, from_ref(second));
    // It leaves the store as well, when no server accepts it, however long the tokens of each live.
    let leaves = signs + DAY + 15 * MINUTE;
    kids_at(&ring, &clock, leaves - SECOND).await;
    assert!(String::from_utf8(stored(&store).await).unwrap().contains(first));
    kids_at(&ring, &clock, leaves).await;
    let text = format!("{:?}", String::from_utf8(stored(&store).await));
    assert!(text.contains(second) && !text.contains(first), "{text}");
    assert_eq!(ring.signing_kid(), *second);
}

async fn stored(store: &MemoryStore) -> Vec<u8> {
    use crate::token::KeyStore as _;
    store.load_keys().await.unwrap().unwrap().document
}

/// Row 176. While a deployment shortens the life of access tokens, servers with both lives share the store.
#[tokio::test]
async fn a_server_with_short_lived_tokens_removes_no_key_that_another_accepts() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let (short, long) = (open(&store, &clock).await, open(&store, &clock).await);
    let longest = DAY + 5 * MINUTE;
    short.follow(GRACE, |_| true);
    long.follow(longest, |_| true);
    let first = short.signing_kid();
    let signs = short.rotate_now().await.unwrap();
    for (after, is_accepted) in [
        (GRACE - SECOND, [true, true]),
        (GRACE, [false, true]),
        (GRACE + 10 * MINUTE, [false, true]),
        (12 * HOUR, [false, true]),
        (longest - SECOND, [false, true]),
        (longest, [false, false]),
    ] {
        let mut found = [false; 2];
        for (ring, found) in [&short, &long].into_iter().zip(&mut found) {
            *found = kids_at(ring, &clock, signs + after).await.contains(&first);
        }
        assert_eq!(found, is_accepted, "{after:?} after the change");
        // One that starts now has the key too.
        assert_eq!(open(&store, &clock).await.kids().contains(&first), is_accepted[1], "{after:?}");
    }
}

/// Row 176. A server that was off, or whose store was, for longer than a key signs.
#[tokio::test]
async fn a_rotation_that_was_missed_is_announced_first_all_the_same() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    ring.follow(GRACE, |_| true);
    let first = ring.signing_kid();
    let both = kids_at(&ring, &clock, START + 200 * DAY).await;
    assert_eq!((both.len(), &both[0]), (2, &first));
    assert_eq!(kids_at(&ring, &clock, START + 201 * DAY - SECOND).await[0], first);
    assert_eq!(kids_at(&ring, &clock, START + 201 * DAY).await[0], both[1]);
}

#[tokio::test]
async fn a_rotation_by_hand_announces_first_and_brings_an_announced_key_forward() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    ring.follow(GRACE, |_| true);
    let first = ring.signing_kid();
    assert_eq!(ring.rotate_now().await.unwrap(), START + DAY);
    let second = ring.kids()[1].clone();
    // Once more changes nothing.
    clock.advance(HOUR);
    assert_eq!(ring.rotate_now().await.unwrap(), START + DAY);
    assert_eq!(ring.kids(), [first.clone(), second.clone()]);
    assert_eq!(kids_at(&ring, &clock, START + DAY).await, [second.clone(), first]);

    // The usual announcement of the next one comes 89 days later, and waits for no more than its 24 hours.
    let announced = START + 90 * DAY;
    let next = kids_at(&ring, &clock, announced).await;
    assert_eq!((next.len(), &next[0]), (2, &second));
    clock.advance(30 * MINUTE);
    assert_eq!(ring.rotate_now().await.unwrap(), announced + DAY);
}

/// Row 28. Requests see the change without a restart.
#[tokio::test]
async fn an_auth_follows_without_a_restart() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let before = server.token().await;
    assert_eq!(server.published(), server.ring.kids());
    server.ring.rotate_now().await.unwrap();
    assert_eq!(server.published().len(), 2, "announced");

    // Without a tick: the time alone.
    clock.set(START + DAY - SECOND);
    let last = server.token().await;
    clock.advance(SECOND);
    let next = server.token().await;
    assert_eq!(super::kid_of(&last), super::kid_of(&before));
    assert_ne!(super::kid_of(&next), super::kid_of(&last));
    assert_eq!((server.reason(&last), server.reason(&next)), ("verified", "verified"));
    clock.set(START + DAY + GRACE - SECOND);
    assert_eq!(server.published().len(), 2);
    clock.advance(SECOND);
    assert_eq!(server.published(), [super::kid_of(&next)]);
    assert_eq!(server.reason(&last), "unknown_key");
}

/// Row 176. What a cache may keep ends with the key.
#[tokio::test]
async fn the_set_may_be_kept_for_five_minutes_and_never_beyond_the_end_of_a_key() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let max_age = || server.auth.published_keys().max_age;
    assert_eq!(max_age(), 5 * MINUTE);
    server.ring.rotate_now().await.unwrap();
    let end = START + DAY + GRACE;
    for (before, expected) in
        [(DAY, 5 * MINUTE), (6 * MINUTE, 5 * MINUTE), (4 * MINUTE, 4 * MINUTE), (SECOND, SECOND)]
    {
        clock.set(end - before);
        assert_eq!(max_age(), expected, "{before:?} before the end");
    }
    clock.set(end);
    assert_eq!(max_age(), 5 * MINUTE);
}

#[tokio::test]
async fn another_algorithm_replaces_the_keys_after_an_announcement() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let old = open(&store, &clock).await.signing_kid();
    let ring = builder(&store, &clock).algorithm(Algorithm::EdDsa).open().await.unwrap();
    ring.follow(GRACE, |_| true);
    assert_eq!((ring.kids().len(), ring.signing_kid()), (2, old));
    clock.advance(DAY);
    ring.tick().await.unwrap();
    let algorithms: Vec<_> = ring.keys().unwrap().keys().iter().map(|key| key.algorithm()).collect();
    assert_eq!(algorithms, [Algorithm::EdDsa, Algorithm::Es256]);
    ring.tick().await.unwrap();
    assert_eq!(ring.kids().len(), 2, "{}", clock.now().unix());
}

/// Servers that start at once have the same first key, though the clock of one is behind.
#[tokio::test]
async fn a_clock_that_is_behind_signs_with_the_key_that_is_there() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ahead = open(&store, &clock).await;
    for behind in [SECOND, MINUTE, 5 * MINUTE] {
        let slow = TestClock::at((START - behind).unix());
        let ring = open(&store, &slow).await;
        assert_eq!(ring.kids(), ahead.kids());
    }
}

/// Row 29. Every 128th key has a coordinate that begins with a zero, which has to be written.
#[test]
fn published_keys_read_back_whatever_their_coordinates() {
    for _ in 0..400 {
        let key = Fresh::new(Algorithm::Es256).unwrap().key;
        let read = Key::from_jwk(&key.public_jwk().unwrap()).unwrap();
        assert!(read.is_same_key(&key) && read.kid() == key.kid());
    }
}

/// Row 176.
#[tokio::test]
async fn every_algorithm_signs_what_the_published_set_verifies() {
    let algorithms = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
    let rsa: &[Algorithm] =
        if cfg!(feature = "aws-lc-rs") { &[Algorithm::Rs256, Algorithm::Ps256] } else { &[] };
    for algorithm in algorithms.iter().chain(rsa) {
        let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
        let server = Server::of(builder(&store, &clock).algorithm(*algorithm).open().await.unwrap(), &clock);
        let token = server.token().await;
        assert_eq!(server.reason(&token), "verified");
        // The keys of the store are those that were made.
        let again = Server::start(&store, &clock).await;
        assert_eq!(again.reason(&token), "verified", "{algorithm}");
    }
}
