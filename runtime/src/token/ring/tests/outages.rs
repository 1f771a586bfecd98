//! A store that does not answer, or answers something else, and the task that watches it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::{Breakable, DAY, GRACE, MINUTE, SECOND, START, Server, builder, kid_of, open};
use crate::store::{MemoryStore, StoreError};
use crate::testing::TestClock;
use crate::token::{KeyRingError, KeyStore, StoredKeys};

#[tokio::test]
async fn a_server_does_not_start_without_its_store_and_says_so() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    store.set(true);
    let error = builder(&store, &clock).open().await.unwrap_err();
    assert!(matches!(error, KeyRingError::Store(_)));
    assert!(error.to_string().contains("does not answer"), "{error}");
    assert!(format!("{error:?}").contains("broken by a test"), "{error:?}");
}

/// Row 176. The change that was announced happens by the clock.
#[tokio::test]
async fn a_running_server_goes_on_and_rotates_without_its_store() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let first = server.token().await;
    server.ring.rotate_now().await.unwrap();
    store.set(true);
    server.ring.tick().await.unwrap_err();
    clock.set(START + DAY);
    server.ring.tick().await.unwrap_err();
    let next = server.token().await;
    assert_ne!(kid_of(&next), kid_of(&first));
    clock.set(START + DAY + GRACE);
    assert_eq!(server.published(), [kid_of(&next)]);
    // No key is announced while the store is away, so the last one signs for longer.
    clock.set(START + 400 * DAY);
    server.ring.tick().await.unwrap_err();
    assert_eq!(kid_of(&server.token().await), kid_of(&next));
    store.set(false);
    server.ring.tick().await.unwrap();
    assert_eq!(server.published().len(), 2);
}

#[tokio::test]
async fn a_store_that_lost_its_content_gets_the_keys_back() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let token = server.token().await;
    let empty = MemoryStore::new();
    let replaced = Breakable { store: empty.clone(), ..store.clone() };
    let other = Server::start(&store, &clock).await;
    assert_eq!(other.ring.kids(), server.ring.kids());
    drop(other);
    // The same server, seen from a store without content.
    let moved = open(&replaced, &clock).await;
    assert_ne!(moved.kids(), server.ring.kids(), "an empty store has other keys");

    let content = store.store.load_keys().await.unwrap().unwrap();
    let lossy = Lossy(Arc::new(Mutex::new(Some(content))));
    let server_on_lossy = Server::start(&lossy, &clock).await;
    assert_eq!(server_on_lossy.reason(&token), "verified");
    *lossy.0.lock().unwrap() = None;
    server_on_lossy.ring.tick().await.unwrap();
    assert_eq!(open(&lossy, &clock).await.kids(), server.ring.kids());
}

/// A store that a test empties.
#[derive(Clone)]
struct Lossy(Arc<Mutex<Option<StoredKeys>>>);

impl KeyStore for Lossy {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn replace_keys(&self, document: &[u8], expected: u64) -> Result<bool, StoreError> {
        let mut content = self.0.lock().unwrap();
        let is_expected = content.as_ref().map_or(0, |keys| keys.version) == expected;
        if is_expected {
            *content = Some(StoredKeys::new(expected + 1, document.to_vec()));
        }
        Ok(is_expected)
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_changes_nothing_in_a_running_server() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let token = server.token().await;
    for document in [&b"{}"[..], b"", b"[]", br#"{"format":1}"#, br#"{"format":2,"keys":[]}"#, b"\xff"] {
        let version = store.load_keys().await.unwrap().unwrap().version;
        assert!(store.replace_keys(document, version).await.unwrap());
        server.ring.tick().await.unwrap_err();
        assert_eq!(server.reason(&token), "verified");
        // A server that starts refuses it.
        let refused = builder(&store, &clock).open().await.unwrap_err();
        let is_newer = document.starts_with(br#"{"format":2"#);
        let is_expected = match refused {
            KeyRingError::OtherFormat => is_newer,
            KeyRingError::Damaged => !is_newer,
            _ => false,
        };
        assert!(is_expected, "{document:?}: {refused}");
    }
}

/// The one that signs and the one that is announced are made at the same time, and a key twice would be a damaged document.
#[tokio::test]
async fn a_document_without_keys_gets_two_by_a_rotation() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    let version = store.load_keys().await.unwrap().unwrap().version;
    assert!(store.replace_keys(br#"{"format":1,"keys":[]}"#, version).await.unwrap());
    ring.rotate_now().await.unwrap();
    let kids = ring.kids();
    assert_eq!(kids.len(), 2);
    assert_ne!(kids[0], kids[1]);
    assert_eq!(open(&store, &clock).await.kids(), kids);
}

/// The task ends with the last clone of the `Auth`, even if the application still holds the ring.
#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_auth() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let server = Server::start(&store, &clock).await;
    let Server { ring, auth } = server;
    let clone = auth.clone();
    assert_eq!(tasks(), before + 1);
    drop(auth);
    tokio::time::sleep(MINUTE).await;
    assert_eq!(tasks(), before + 1);
    drop(clone);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(tasks(), before);
    // A new `Auth` on the same ring is watched again.
    let again = Server::of(ring, &clock);
    assert_eq!(tasks(), before + 1);
    drop(again);
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(tasks(), before);
}

/// The task does by itself what `tick` does.
#[tokio::test(start_paused = true)]
async fn the_task_announces_and_rotates() {
    let (store, clock) = (Breakable::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    let first = server.ring.signing_kid();
    clock.set(START + 89 * DAY);
    tokio::time::sleep(SECOND).await;
    assert_eq!(server.ring.kids().len(), 2);
    // Even while the store is away.
    store.set(true);
    clock.set(START + 90 * DAY + GRACE);
    tokio::time::sleep(SECOND).await;
    assert_eq!(server.ring.kids().len(), 1);
    assert_ne!(server.ring.signing_kid(), first);
    let token = server.token().await;
    assert_eq!(server.reason(&token), "verified");
}

/// A store that never answers, while a test wants that.
#[derive(Clone, Default)]
struct Hanging {
    store: MemoryStore,
    loads_hang: Arc<AtomicBool>,
    writes_hang: Arc<AtomicBool>,
}

async fn hang_if(hangs: &AtomicBool) {
    if hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
}

impl KeyStore for Hanging {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        hang_if(&self.loads_hang).await;
        self.store.load_keys().await
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        hang_if(&self.writes_hang).await;
        self.store.replace_keys(document, expected_version).await
    }
}

/// Rows 176 and 178. The task that watches waits for it at the same time.
#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_no_rotation_and_no_revocation() {
    let (store, clock) = (Hanging::default(), TestClock::at(START.unix()));
    let server = Server::start(&store, &clock).await;
    for hangs in [&store.loads_hang, &store.writes_hang] {
        let token = server.token().await;
        hangs.store(true, Ordering::SeqCst);
        tokio::time::sleep(SECOND).await;
        let asked = tokio::time::Instant::now();
        let error = server.ring.revoke_key(&kid_of(&token)).await.unwrap_err();
        assert!(format!("{error:?}").contains("within five seconds"), "{error:?}");
        assert!(asked.elapsed() <= 10 * SECOND, "{:?}", asked.elapsed());
        assert_eq!(server.reason(&token), "unknown_key");
        let next = server.token().await;
        assert_eq!(server.reason(&next), "verified");
        hangs.store(false, Ordering::SeqCst);
        // The task has not ended: it writes what this server knows.
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(open(&store, &clock).await.kids(), [kid_of(&next)]);
    }
    let refused = {
        store.loads_hang.store(true, Ordering::SeqCst);
        builder(&store, &clock).open().await.unwrap_err()
    };
    assert!(matches!(refused, KeyRingError::Store(_)), "{refused}");
}

/// Two `Auth`s of one ring: the longer life counts for both.
#[tokio::test]
async fn several_auths_follow_one_ring() {
    let (store, clock) = (MemoryStore::new(), TestClock::at(START.unix()));
    let ring = open(&store, &clock).await;
    let (one, other) = (Server::of(ring.clone(), &clock), Server::of(ring.clone(), &clock));
    let token = one.token().await;
    ring.revoke_key(&kid_of(&token)).await.unwrap();
    assert_eq!((one.reason(&token), other.reason(&token)), ("unknown_key", "unknown_key"));
}
