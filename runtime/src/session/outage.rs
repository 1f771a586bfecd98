//! What happens to requests while the store does not answer: one at a time waits for it, the others are told at once.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[cfg(not(target_family = "wasm"))]
use tokio::time::Instant;

use super::{Cursor, Ending, Endings, Owner, Page, PartitionSalt};
use super::{Replaced, SessionId, SessionRecord, SessionStore, StoreError};
use crate::clock::Timestamp;

/// A store whose outages are shared knowledge.
///
/// Without it, each request of an outage would wait for the whole patience of the store, and hold a connection for so long.
pub(crate) struct KnowsOutages<S> {
    store: S,
    is_down: AtomicBool,
    turn: Mutex<Option<Moment>>,
}

/// How long one operation may keep the others from asking. Its connection may be one that no answer comes through any more.
const LONGEST_TURN: Duration = Duration::from_secs(10);

/// After so long without an answer, an operation that is given up shows an outage: requests may have a time limit below the patience of
/// the store.
const SILENCE: Duration = Duration::from_secs(1);

impl<S> KnowsOutages<S> {
    pub(crate) const fn new(store: S) -> Self {
        Self { store, is_down: AtomicBool::new(false), turn: Mutex::new(None) }
    }

    /// Passes `operation` on, unless the store is down and another operation asks it already.
    async fn pass<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let begun = Moment::now();
        let _turn = match self.is_down.load(Ordering::Acquire) {
            true => Some(Turn::to_ask(&self.turn, begun)?),
            false => None,
        };
        let mut silence = Silence { is_down: &self.is_down, begun: Some(begun) };
        let result = operation.await;
        silence.begun = None;
        // Any other failure is an answer.
        let is_down = matches!(&result, Err(error) if error.is_unreachable());
        if self.is_down.load(Ordering::Acquire) != is_down {
            self.is_down.store(is_down, Ordering::Release);
        }
        result
    }
}

/// A point in time. WebAssembly has no such clock; there, time stands still.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Moment(#[cfg(not(target_family = "wasm"))] Instant);

impl Moment {
    #[cfg(not(target_family = "wasm"))]
    fn now() -> Self {
        Self(Instant::now())
    }

    #[cfg(target_family = "wasm")]
    fn now() -> Self {
        Self()
    }

    #[cfg(not(target_family = "wasm"))]
    fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    #[cfg(target_family = "wasm")]
    fn elapsed(self) -> Duration {
        Duration::ZERO
    }
}

/// The turn of one operation to ask. It ends when the operation is done, or is dropped halfway.
struct Turn<'a> {
    turn: &'a Mutex<Option<Moment>>,
    begun: Moment,
}

impl<'a> Turn<'a> {
    fn to_ask(turn: &'a Mutex<Option<Moment>>, begun: Moment) -> Result<Self, StoreError> {
        let mut held = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some_and(|other| other.elapsed() < LONGEST_TURN) {
            return Err(StoreError::unreachable(
                "the store did not answer before, and another request is asking it",
            ));
        }
        *held = Some(begun);
        Ok(Self { turn, begun })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut held = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have lasted too long, and be another operation's now.
        if *held == Some(self.begun) {
            *held = None;
        }
    }
}

/// An operation that has no answer yet.
struct Silence<'a> {
    is_down: &'a AtomicBool,
    begun: Option<Moment>,
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if self.begun.is_some_and(|begun| begun.elapsed() >= SILENCE) {
            self.is_down.store(true, Ordering::Release);
        }
    }
}

impl<S: SessionStore> SessionStore for KnowsOutages<S> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.pass(self.store.salt(proposed)).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.pass(self.store.insert(record)).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.pass(self.store.load(id)).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.pass(self.store.replace(record, expected_version)).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.pass(self.store.remove(id)).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.pass(self.store.remove_each(ids)).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.pass(self.store.list(owner, page)).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.pass(self.store.remove_all(owner, except)).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.pass(self.store.purge_expired(now, at_most)).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.pass(self.store.claim_purge(now, until)).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.pass(self.store.announce(endings, until)).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.pass(self.store.endings(after)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use futures_util::future::join_all;
    use tokio::sync::Notify;

    use super::*;
    use crate::session::Partition;

    /// A store that answers only when it is let go.
    #[derive(Default)]
    struct Silent {
        asked: AtomicUsize,
        answers: Notify,
        is_up: AtomicBool,
    }

    impl SessionStore for Silent {
        async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
            Ok(proposed)
        }

        async fn insert(&self, _: SessionRecord) -> Result<u64, StoreError> {
            Err(StoreError::new("the identifier is taken"))
        }

        async fn load(&self, _: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.is_up.load(Ordering::SeqCst) {
                return Ok(None);
            }
            self.answers.notified().await;
            Err(StoreError::unreachable("patience"))
        }

        async fn replace(&self, _: SessionRecord, _: u64) -> Result<Replaced, StoreError> {
            Ok(Replaced::Conflict)
        }

        async fn remove(&self, _: &SessionId) -> Result<bool, StoreError> {
            Ok(false)
        }

        async fn remove_each(&self, _: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
            Ok(Vec::new())
        }

        async fn list(&self, _: &Owner<'_>, _: Page) -> Result<Vec<SessionRecord>, StoreError> {
            Ok(Vec::new())
        }

        async fn remove_all(&self, _: &Owner<'_>, _: Option<&SessionId>) -> Result<u64, StoreError> {
            Ok(0)
        }

        async fn purge_expired(&self, _: Timestamp, _: u32) -> Result<u64, StoreError> {
            Ok(0)
        }
    }

    /// Lets every operation that waits fail, and returns how many did.
    async fn run_out_of_patience(store: &Silent, operations: Vec<tokio::task::JoinHandle<bool>>) -> usize {
        tokio::task::yield_now().await;
        while !operations.iter().all(tokio::task::JoinHandle::is_finished) {
            store.answers.notify_waiters();
            tokio::task::yield_now().await;
        }
        join_all(operations).await.into_iter().filter(|failed| *failed.as_ref().unwrap()).count()
    }

    fn loads(store: &Arc<KnowsOutages<Arc<Silent>>>, count: usize) -> Vec<tokio::task::JoinHandle<bool>> {
        let id = SessionId::generate(Partition::new(1)).unwrap();
        let load = || {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.load(&id).await.is_err() })
        };
        std::iter::repeat_with(load).take(count).collect()
    }

    #[tokio::test]
    async fn one_request_at_a_time_asks_a_store_that_is_down() {
        let silent = Arc::new(Silent::default());
        let store = Arc::new(KnowsOutages::new(Arc::clone(&silent)));
        assert_eq!(run_out_of_patience(&silent, loads(&store, 5)).await, 5);
        assert_eq!(silent.asked.swap(0, Ordering::SeqCst), 5, "nothing was known of the outage");

        assert_eq!(run_out_of_patience(&silent, loads(&store, 100)).await, 100);
        assert_eq!(silent.asked.swap(0, Ordering::SeqCst), 1);

        silent.is_up.store(true, Ordering::SeqCst);
        assert_eq!(run_out_of_patience(&silent, loads(&store, 1)).await, 0);
        assert_eq!(run_out_of_patience(&silent, loads(&store, 100)).await, 0);
    }

    #[tokio::test]
    async fn a_request_that_goes_away_leaves_its_turn_to_the_next() {
        let silent = Arc::new(Silent::default());
        let store = Arc::new(KnowsOutages::new(Arc::clone(&silent)));
        run_out_of_patience(&silent, loads(&store, 1)).await;
        let [waiting] = loads(&store, 1).try_into().unwrap();
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.is_err());
        silent.is_up.store(true, Ordering::SeqCst);
        assert_eq!(run_out_of_patience(&silent, loads(&store, 1)).await, 0);
    }

    /// A request with a time limit below the patience of the store shows the outage, and one that was given up early shows nothing.
    #[tokio::test(start_paused = true)]
    async fn an_operation_that_is_given_up_in_silence_shows_the_outage() {
        for (waited, asks) in [(900, 10), (1000, 1)] {
            let silent = Arc::new(Silent::default());
            let store = Arc::new(KnowsOutages::new(Arc::clone(&silent)));
            let id = SessionId::generate(Partition::new(1)).unwrap();
            let given_up = tokio::time::timeout(Duration::from_millis(waited), store.load(&id)).await;
            assert!(given_up.is_err());
            silent.asked.store(0, Ordering::SeqCst);
            run_out_of_patience(&silent, loads(&store, 10)).await;
            assert_eq!(silent.asked.load(Ordering::SeqCst), asks, "{waited} ms");
        }
    }

    /// The connection of the one that asks may be dead, while a new one would be answered.
    #[tokio::test(start_paused = true)]
    async fn a_turn_that_lasts_too_long_is_another_ones() {
        let silent = Arc::new(Silent::default());
        let store = Arc::new(KnowsOutages::new(Arc::clone(&silent)));
        run_out_of_patience(&silent, loads(&store, 1)).await;
        let [dead] = loads(&store, 1).try_into().unwrap();
        tokio::task::yield_now().await;
        silent.is_up.store(true, Ordering::SeqCst);
        assert_eq!(failures_of(loads(&store, 1)).await, 1, "refused at once");
        tokio::time::advance(LONGEST_TURN).await;
        assert_eq!(failures_of(loads(&store, 1)).await, 0);
        dead.abort();
        assert!(dead.await.is_err());
        assert_eq!(failures_of(loads(&store, 5)).await, 0);
    }

    async fn failures_of(operations: Vec<tokio::task::JoinHandle<bool>>) -> usize {
        join_all(operations).await.into_iter().filter(|failed| *failed.as_ref().unwrap()).count()
    }

    /// A record that is damaged fails each time it is read, and that is no outage.
    #[tokio::test]
    async fn other_failures_are_answers() {
        let silent = Arc::new(Silent::default());
        let store = KnowsOutages::new(Arc::clone(&silent));
        let now = Timestamp::from_unix(0);
        let id = SessionId::generate(Partition::new(1)).unwrap();
        let record = SessionRecord::new(id, "ann", crate::session::TokenHash::of("jti"), now, now, now);
        assert!(store.insert(record.clone()).await.is_err());
        assert!(!store.is_down.load(Ordering::SeqCst));
        store.is_down.store(true, Ordering::SeqCst);
        assert!(store.insert(record).await.is_err());
        assert!(!store.is_down.load(Ordering::SeqCst));
    }
}
