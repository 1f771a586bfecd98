//! The end of a key that has leaked (row 178).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use super::{Breakable, DAY, GRACE, HOUR, MINUTE, SECOND, START, Server, kid_of, open};
use crate::store::{MemoryStore, StoreError};
use crate::testing::TestClock;
use crate::token::{KeyStore, StoredKeys};

/// Row 178.
#[tokio::test]
async fn tokens_of_a_revoked_key_are_refused_at_once_here_and_at_the_next_look_elsewhere() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let (here, elsewhere) = (Server::start(&store, &clock).await, Server::start(&store, &clock).await);
    let token = here.token().await;
    assert_eq!(elsewhere.reason(&token), "verified");
    assert!(here.ring.revoke_key(&kid_of(&token)).await.unwrap());
    assert_eq!(here.reason(&token), "unknown_key");
    assert_eq!(elsewhere.reason(&token), "verified");
    elsewhere.ring.tick().await.unwrap();
    assert_eq!(elsewhere.reason(&token), "unknown_key");

    // A new key signs at once, the same one on both.
    let next = here.token().await;
    assert_ne!(kid_of(&next), kid_of(&token));
    assert_eq!((here.reason(&next), elsewhere.reason(&next)), ("verified", "verified"));
    assert_eq!(here.published(), elsewhere.published());
    assert_eq!(here.published(), [kid_of(&next)]);
    assert!(!here.ring.revoke_key(&kid_of(&token)).await.unwrap(), "it is gone already");
    assert!(!here.ring.revoke_key("unheard of").await.unwrap());
    assert_eq!(here.published(), [kid_of(&next)]);
}

/// Row 178. The task of the other server looks by itself.
#[tokio::test(start_paused = true)]
async fn another_server_refuses_within_a_second() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let (here, elsewhere) = (Server::start(&store, &clock).await, Server::start(&store, &clock).await);
    let token = here.token().await;
    here.ring.revoke_key(&kid_of(&token)).await.unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(elsewhere.reason(&token), "unknown_key");
    assert_eq!(elsewhere.published(), here.published());
}

/// Row 178.
#[tokio::test]
async fn an_announced_key_signs_at_once_when_the_signing_one_is_revoked() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let token = server.token().await;
    server.ring.rotate_now().await.unwrap();
    let announced = server.ring.kids()[1].clone();
    clock.advance(HOUR);
    server.ring.revoke_key(&kid_of(&token)).await.unwrap();
    assert_eq!(server.ring.kids(), std::slice::from_ref(&announced));
    assert_eq!(kid_of(&server.token().await), announced);
    // It signs for its 90 days from now.
    clock.set(START + HOUR + 89 * DAY - SECOND);
    server.ring.tick().await.unwrap();
    assert_eq!(server.ring.kids().len(), 1);
    clock.advance(SECOND);
    server.ring.tick().await.unwrap();
    assert_eq!(server.ring.kids().len(), 2);
}

/// Row 178.
#[tokio::test]
async fn keys_that_do_not_sign_can_be_revoked_and_the_signing_one_goes_on() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let first = server.token().await;
    // An announced one: the next one is announced in its place.
    server.ring.rotate_now().await.unwrap();
    let announced = server.ring.kids()[1].clone();
    server.ring.revoke_key(&announced).await.unwrap();
    assert_eq!(server.ring.kids(), [kid_of(&first)]);
    clock.set(START + 2 * DAY);
    assert_eq!(kid_of(&server.token().await), kid_of(&first));

    // A retired one, whose tokens are still valid.
    server.ring.rotate_now().await.unwrap();
    clock.set(START + 3 * DAY - SECOND);
    let last = server.token().await;
    clock.advance(MINUTE);
    let next = server.token().await;
    assert_eq!(server.reason(&last), "verified");
    server.ring.revoke_key(&kid_of(&last)).await.unwrap();
    assert_eq!((server.reason(&last), server.reason(&next)), ("unknown_key", "verified"));
    assert_eq!(server.published(), [kid_of(&next)]);
}

/// Row 178. The store does not answer: here the key ends at once, elsewhere as soon as the store is back.
#[tokio::test]
async fn a_key_ends_here_even_if_the_store_does_not_answer() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let (here, elsewhere) = (Server::start(&store, &clock).await, Server::start(&store, &clock).await);
    let token = here.token().await;
    store.set(true);
    here.ring.revoke_key(&kid_of(&token)).await.unwrap_err();
    assert_eq!(here.reason(&token), "unknown_key");
    let next = here.token().await;
    assert_eq!(here.reason(&next), "verified", "sign-ins go on");
    here.ring.tick().await.unwrap_err();
    assert_eq!(here.reason(&next), "verified");

    store.set(false);
    here.ring.tick().await.unwrap();
    assert_eq!(here.reason(&next), "verified", "the same new key is written");
    elsewhere.ring.tick().await.unwrap();
    assert_eq!((elsewhere.reason(&token), elsewhere.reason(&next)), ("unknown_key", "verified"));
}

/// Row 178. The key that took the place of a revoked one is in no store yet, and is revoked in turn.
#[tokio::test]
async fn a_key_that_was_made_and_revoked_while_the_store_is_away_ends_for_good() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    store.set(true);
    let mut refused = Vec::new();
    for _ in 0..3 {
        let token = server.token().await;
        server.ring.revoke_key(&kid_of(&token)).await.unwrap_err();
        refused.push(token);
    }
    let next = server.token().await;
    let is_refused = || refused.iter().all(|token| server.reason(token) == "unknown_key");
    assert!(is_refused());
    assert!(refused.iter().all(|token| kid_of(token) != kid_of(&next)));
    assert_eq!((server.reason(&next), server.published()), ("verified", vec![kid_of(&next)]));

    store.set(false);
    server.ring.tick().await.unwrap();
    assert!(is_refused());
    assert_eq!(server.reason(&next), "verified");
    assert_eq!(open(&store, &clock).await.kids(), [kid_of(&next)]);
}

/// Row 178. The key was announced by another server a moment ago.
#[tokio::test]
async fn a_key_that_this_server_has_not_read_yet_is_revoked_without_its_store() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let (here, elsewhere) = (Server::start(&store, &clock).await, Server::start(&store, &clock).await);
    let first = here.ring.signing_kid();
    elsewhere.ring.rotate_now().await.unwrap();
    let announced = elsewhere.ring.kids()[1].clone();
    store.set(true);
    here.ring.revoke_key(&announced).await.unwrap_err();
    store.set(false);
    here.ring.tick().await.unwrap();
    assert_eq!(here.ring.kids(), std::slice::from_ref(&first));
    elsewhere.ring.tick().await.unwrap();
    assert_eq!(elsewhere.ring.kids(), [first]);
}

/// Row 178. A failover of the store has undone the revocation.
#[tokio::test]
async fn a_store_that_falls_back_does_not_bring_a_revoked_key_back() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let token = server.token().await;
    let before = store.load_keys().await.unwrap().unwrap();
    server.ring.revoke_key(&kid_of(&token)).await.unwrap();
    let next = server.token().await;
    let now = store.load_keys().await.unwrap().unwrap();
    assert!(store.replace_keys(&before.document, now.version).await.unwrap());
    server.ring.tick().await.unwrap();
    assert_eq!(server.reason(&token), "unknown_key");
    // The key that took its place was lost with the revocation, and another one signs.
    let after = server.token().await;
    assert_eq!(server.reason(&after), "verified");
    assert_ne!(kid_of(&after), kid_of(&token));
    assert_ne!(kid_of(&after), kid_of(&next));
    assert_eq!(open(&store, &clock).await.kids(), server.ring.kids());
}

/// Rows 175 and 178.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_servers_that_revoke_at_once_have_one_new_key() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let mut rings = Vec::new();
    for _ in 0..12 {
        let ring = open(&store, &clock).await;
        ring.follow(GRACE, |_| true);
        rings.push(ring);
    }
    let kid = rings[0].signing_kid();
    let revoked: Vec<_> = rings
        .iter()
        .map(|ring| {
            let (ring, kid) = (ring.clone(), kid.clone());
            tokio::spawn(async move { ring.revoke_key(&kid).await.unwrap() })
        })
        .collect();
    let mut winners = 0;
    for revoked in revoked {
        winners += usize::from(revoked.await.unwrap());
    }
    assert_eq!(winners, 1, "one of them found the key");
    let mut kids = Vec::new();
    for ring in &rings {
        ring.tick().await.unwrap();
        kids.push(ring.kids());
    }
    assert!(kids.iter().all(|found| found.len() == 1 && *found == kids[0] && found[0] != kid), "{kids:?}");
}

/// A store whose writes wait for a test, and which does not answer after one.
#[derive(Clone, Default)]
struct Slow {
    store: Breakable,
    is_slow: Arc<AtomicBool>,
    arrived: Arc<Notify>,
    released: Arc<Notify>,
}

impl KeyStore for Slow {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        self.store.load_keys().await
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        if self.is_slow.load(Ordering::SeqCst) {
            self.arrived.notify_one();
            self.released.notified().await;
        }
        let replaced = self.store.replace_keys(document, expected_version).await;
        self.store.set(self.is_slow.load(Ordering::SeqCst));
        replaced
    }
}

/// Row 178. A change that was under way does not bring the key back, even if the store is away afterwards.
#[tokio::test]
async fn a_key_stays_revoked_though_a_change_with_it_is_written_meanwhile() {
    let (store, clock) = (Slow::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let token = server.token().await;
    store.is_slow.store(true, Ordering::SeqCst);
    let ring = server.ring.clone();
    let rotation = tokio::spawn(async move { ring.rotate_now().await });
    store.arrived.notified().await;
    let (ring, kid) = (server.ring.clone(), kid_of(&token));
    let revocation = tokio::spawn(async move { ring.revoke_key(&kid).await });
    tokio::task::yield_now().await;
    assert_eq!(server.reason(&token), "unknown_key");
    store.released.notify_one();
    rotation.await.unwrap().unwrap();
    revocation.await.unwrap().unwrap_err();
    assert_eq!(server.reason(&token), "unknown_key");
    let next = server.token().await;
    assert_eq!(server.reason(&next), "verified");
    assert_ne!(kid_of(&next), kid_of(&token));
}
