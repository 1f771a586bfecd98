//! Concurrent operations in many orders: between any two calls of the store, every other task may run.

mod lost_answers;
mod reauthentication;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::store::{Replaced, SessionStore, StoreError};
use super::{Cursor, Ending, Endings, Owner, Page, PartitionSalt};
use super::{
    Lifetimes, Outcome, Rotation, SessionError, SessionId, SessionMetadata, SessionPolicy, SessionRecord,
    Sessions, TokenHash,
};
use crate::clock::Timestamp;
use crate::store::MemoryStore;
use crate::testing::TestClock;

const START: i64 = 1_700_000_000;

/// A store whose calls wait, for a time that is drawn from a seed. The clock advances meanwhile.
#[derive(Clone)]
struct Slow {
    store: MemoryStore,
    clock: TestClock,
    state: Arc<AtomicU64>,
}

impl Slow {
    fn new(seed: u64, clock: TestClock) -> Self {
        Self { store: MemoryStore::new(), clock, state: Arc::new(AtomicU64::new(seed)) }
    }

    /// SplitMix64.
    fn random(&self) -> u64 {
        let mut z = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    async fn wait(&self) {
        for _ in 0..self.random() % 4 {
            tokio::task::yield_now().await;
        }
        if self.random().is_multiple_of(5) {
            self.clock.advance(Duration::from_secs(1));
        }
    }

    async fn within<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.wait().await;
        let answer = call.await;
        self.wait().await;
        answer
    }
}

impl SessionStore for Slow {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.within(self.store.salt(proposed)).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.within(self.store.insert(record)).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.within(self.store.load(id)).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.within(self.store.replace(record, expected_version)).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.within(self.store.remove(id)).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.within(self.store.remove_each(ids)).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.within(self.store.list(owner, page)).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.within(self.store.remove_all(owner, except)).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.within(self.store.purge_expired(now, at_most)).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.within(self.store.claim_purge(now, until)).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.within(self.store.announce(endings, until)).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.within(self.store.endings(after)).await
    }
}

#[derive(Clone)]
struct World {
    sessions: Arc<Sessions>,
    store: Slow,
    /// The answer of the claims source.
    role: Arc<AtomicU64>,
}

/// An access token.
#[derive(Clone, Debug)]
struct Access {
    id: SessionId,
    role: u64,
    issued_at: Timestamp,
}

type Refreshed = (TokenHash, TokenHash, Access);

fn child(token: &TokenHash) -> TokenHash {
    TokenHash::of(token.as_bytes())
}

impl World {
    fn new(seed: u64, rotation: Rotation, cache: bool) -> Self {
        let clock = TestClock::at(START);
        let policy = SessionPolicy::new(Lifetimes::default(), rotation)
            .unwrap()
            .touch_interval(Duration::from_secs(1))
            .unwrap()
            .max_per_user(3)
            .unwrap();
        let store = Slow::new(seed, clock.clone());
        let mut sessions = Sessions::new(store.clone(), Arc::new(clock), policy);
        if cache {
            sessions = sessions.cached(Duration::from_secs(60), 100);
        }
        Self { sessions: Arc::new(sessions), store, role: Arc::default() }
    }

    async fn open(&self) -> SessionRecord {
        let token = TokenHash::of(self.store.random().to_be_bytes());
        self.sessions.open("ann", token, SessionMetadata::default()).await.unwrap()
    }

    async fn refresh(&self, id: &SessionId, token: &TokenHash) -> Result<Refreshed, SessionError> {
        let successor = child(token);
        let prepared = self.sessions.prepare(id, token, &successor).await?;
        self.store.wait().await;
        let arrived = prepared.arrived();
        let role = self.role.load(Ordering::SeqCst);
        self.store.wait().await;
        self.sessions
            .commit(prepared, |record, outcome| {
                let (issued_at, next) = match outcome {
                    Outcome::Kept => (arrived, token.clone()),
                    _ => (record.rotated_at, successor.clone()),
                };
                Ok((token.clone(), next, Access { id: *id, role, issued_at }))
            })
            .await
    }

    async fn is_live(&self, access: &Access) -> bool {
        self.sessions.is_live(&access.id, "ann", access.issued_at).await.unwrap()
    }
}

fn in_many_orders<F: Future<Output = ()>>(run: impl Fn(World) -> F) {
    let near = Rotation::NearExpiry { within: Duration::from_secs(60), window: Duration::from_secs(30) };
    for seed in 0..400 {
        for rotation in [Rotation::default(), near] {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(run(World::new(seed, rotation, seed.is_multiple_of(2))));
        }
    }
}

/// Row 94. A refresh may have read the claims before they changed. Its access token must not be good after the change.
#[test]
fn no_access_token_with_old_claims_is_good_after_they_were_expired() {
    in_many_orders(|world| async move {
        let record = world.open().await;
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (world, record) = (world.clone(), record.clone());
                tokio::spawn(async move {
                    let mut given = Vec::new();
                    let mut token = record.current;
                    for _ in 0..3 {
                        match world.refresh(&record.id, &token).await {
                            Ok((_, next, access)) => {
                                world.is_live(&access).await;
                                token = next;
                                given.push(access);
                            }
                            Err(SessionError::Contended) => {}
                            Err(_) => break,
                        }
                    }
                    given
                })
            })
            .collect();
        let change = tokio::spawn({
            let world = world.clone();
            async move {
                for _ in 0..world.store.random() % 20 {
                    tokio::task::yield_now().await;
                }
                world.role.store(1, Ordering::SeqCst);
                world.sessions.expire_access_tokens("ann").await.unwrap();
            }
        });
        change.await.unwrap();
        for task in tasks {
            for access in task.await.unwrap() {
                assert!(access.role == 1 || !world.is_live(&access).await, "{access:?}");
            }
        }
    });
}

/// Rows 76 to 80 and 94: one successor, no revived session, and no end of a session that is used correctly.
#[test]
fn concurrent_operations_leave_one_successor_and_end_a_session_for_good() {
    in_many_orders(|world| async move {
        let record = world.open().await;
        let refreshes: Vec<_> = (0..4)
            .map(|_| {
                let (world, record) = (world.clone(), record.clone());
                tokio::spawn(async move { world.refresh(&record.id, &record.current).await })
            })
            .collect();
        let others: Vec<_> = (0..4)
            .map(|number| {
                let (world, record) = (world.clone(), record.clone());
                tokio::spawn(async move {
                    match number {
                        0 => drop(world.sessions.touch(&record.id).await.unwrap()),
                        1 => {
                            drop(world.sessions.is_live(&record.id, "ann", Timestamp::from_unix(START)).await)
                        }
                        2 => drop(world.sessions.purge_expired().await.unwrap()),
                        _ => drop(world.sessions.expire_access_tokens("ann").await.unwrap()),
                    }
                })
            })
            .collect();
        let end = (world.store.random().is_multiple_of(2)).then(|| {
            let world = world.clone();
            tokio::spawn(async move { world.sessions.end_all("ann", None).await.unwrap() })
        });
        let ended = end.is_some();
        if let Some(end) = end {
            end.await.unwrap();
            assert_eq!(world.sessions.list("ann").await.unwrap(), []);
            assert!(
                !world
                    .sessions
                    .is_live(&record.id, "ann", Timestamp::from_unix(START + 1_000_000))
                    .await
                    .unwrap()
            );
        }
        let mut nexts = Vec::new();
        for task in refreshes {
            match task.await.unwrap() {
                Ok((_, next, access)) => nexts.push((next, access.issued_at)),
                Err(SessionError::Contended) => {}
                Err(SessionError::Unknown) if ended => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        for other in others {
            other.await.unwrap();
        }
        nexts.dedup_by(|a, b| a.0 == b.0);
        assert!(nexts.len() <= 1, "{nexts:?}");
        let left = world.sessions.list("ann").await.unwrap();
        assert_eq!(left.len(), usize::from(!ended));
        for left in left {
            assert!(left.access_not_before.is_some());
            assert!(nexts.iter().all(|(next, _)| *next == left.current));
        }
    });
}

/// The limit holds once all concurrent sign-ins are done, and at least one of them succeeds.
#[test]
fn sign_ins_at_once_leave_no_more_sessions_than_allowed() {
    in_many_orders(|world| async move {
        let first = world.open().await;
        let opens: Vec<_> = (0..6)
            .map(|number| {
                let world = world.clone();
                tokio::spawn(async move {
                    let token = TokenHash::of([number]);
                    world.sessions.open("ann", token, SessionMetadata::default()).await
                })
            })
            .collect();
        let refresh = tokio::spawn({
            let (world, first) = (world.clone(), first.clone());
            async move { world.refresh(&first.id, &first.current).await }
        });
        let mut opened = 0;
        for open in opens {
            opened += usize::from(open.await.unwrap().is_ok());
        }
        match refresh.await.unwrap() {
            Ok(_) | Err(SessionError::Unknown | SessionError::Contended) => {}
            Err(error) => panic!("{error:?}"),
        }
        let left = world.sessions.list("ann").await.unwrap();
        assert!(opened > 0 && (1..=3).contains(&left.len()), "{opened} {}", left.len());
    });
}

/// Row 94. The clocks of two servers differ a little.
#[tokio::test]
async fn a_token_from_a_server_whose_clock_is_ahead_is_expired_too() {
    let store = MemoryStore::new();
    let server = |at| {
        let policy = SessionPolicy::default();
        Sessions::new(store.clone(), Arc::new(TestClock::at(at)), policy)
    };
    let (ahead, here) = (server(START + 30), server(START));
    let record = ahead.open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap();
    assert_eq!(here.expire_access_tokens("ann").await.unwrap(), 1);
    for server in [ahead, here] {
        assert!(!server.is_live(&record.id, "ann", record.rotated_at).await.unwrap());
    }
}

/// A sign-in button that was pressed twice within a second. Each sign-in may have seen the other when it began.
#[test]
fn two_sign_ins_at_once_do_not_end_each_other() {
    for seed in 0..1000 {
        let store = Slow::new(seed, TestClock::at(START));
        // This clock does not advance, so both sign-ins have the same second.
        let clock = Arc::new(TestClock::at(START));
        let policy = SessionPolicy::default().max_per_user(1).unwrap();
        let sessions = Arc::new(Sessions::new(store, clock, policy));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let opens = [0, 1].map(|number| {
                let sessions = Arc::clone(&sessions);
                let token = TokenHash::of([number]);
                tokio::spawn(async move { sessions.open("ann", token, SessionMetadata::default()).await })
            });
            for open in opens {
                open.await.unwrap().unwrap();
            }
            assert_eq!(sessions.list("ann").await.unwrap().len(), 1, "seed {seed}");
        });
    }
}

/// Row 94.
#[tokio::test]
async fn a_server_whose_clock_is_behind_does_not_revive_access_tokens() {
    let store = MemoryStore::new();
    let server = |at| Sessions::new(store.clone(), Arc::new(TestClock::at(at)), SessionPolicy::default());
    let (ahead, behind) = (server(START + 30), server(START + 10));
    let record = server(START).open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap();
    assert_eq!(ahead.expire_access_tokens("ann").await.unwrap(), 1);
    assert_eq!(behind.expire_access_tokens("ann").await.unwrap(), 1);
    let token_of = START + 20;
    assert!(!ahead.is_live(&record.id, "ann", Timestamp::from_unix(token_of)).await.unwrap());
}

/// Row 86.
#[tokio::test]
async fn a_cached_look_up_does_not_outlive_the_idle_limit() {
    let clock = TestClock::at(START);
    let seconds = Duration::from_secs;
    let policy =
        SessionPolicy::new(Lifetimes::new(seconds(100), seconds(1000)), Rotation::default()).unwrap();
    let sessions = Sessions::new(MemoryStore::new(), Arc::new(clock.clone()), policy).cached(seconds(60), 10);
    let record = sessions.open("ann", TokenHash::of("first"), SessionMetadata::default()).await.unwrap();
    for (at, live) in [(90, true), (99, true), (100, false)] {
        clock.set(Timestamp::from_unix(START + at));
        assert_eq!(sessions.is_live(&record.id, "ann", record.created_at).await.unwrap(), live, "{at}");
    }
}
