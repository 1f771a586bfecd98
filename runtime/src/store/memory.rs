//! Sessions in the memory of the process.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{
    Cursor, Ending, Endings, Owner, Page, Partition, PartitionSalt, SessionId, SessionRecord,
};
use crate::token::{KeyStore, StoredKeys};

/// Partitions are kept in so many parts, each behind a lock of its own: a purge holds up few of the other requests at a time.
const SHARDS: usize = 256;

/// Keeps sessions in memory: for tests, and for a single process that may sign its users out when it restarts.
///
/// Clones share their content. The store grows until [`purge_expired`](crate::session::Sessions::purge_expired) is called.
///
/// ```
/// use std::sync::Arc;
/// use countersign::SystemClock;
/// use countersign::session::{SessionPolicy, Sessions};
/// use countersign::store::MemoryStore;
///
/// let sessions = Sessions::new(MemoryStore::default(), Arc::new(SystemClock::default()), SessionPolicy::default());
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    content: Arc<Content>,
}

struct Content {
    shards: Box<[Mutex<Records>]>,
    salt: OnceLock<PartitionSalt>,
    /// How many records were added.
    sequence: AtomicU64,
    /// The shard with which the next step of a purge begins.
    purge_from: AtomicUsize,
    purged_until: Mutex<Option<Timestamp>>,
    log: Mutex<Log>,
    keys: Mutex<Option<StoredKeys>>,
}

/// In the order of partitions, so that the sessions of a user are near each other.
type Records = BTreeMap<SessionKey, Box<SessionRecord>>;
type SessionKey = [u8; 16];

/// The endings that were announced, each with the time until which it is kept.
#[derive(Default)]
struct Log {
    announced: Vec<(Ending, Timestamp)>,
    /// How many were announced and are no longer kept.
    dropped: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        let content = Content {
            shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            salt: OnceLock::new(),
            sequence: AtomicU64::new(0),
            purge_from: AtomicUsize::new(0),
            purged_until: Mutex::default(),
            log: Mutex::default(),
            keys: Mutex::default(),
        };
        Self { content: Arc::new(content) }
    }
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn shard(&self, partition: Partition) -> Result<MutexGuard<'_, Records>, StoreError> {
        lock(&self.content.shards[usize::from(partition.number()) % SHARDS])
    }
}

fn lock<T>(content: &Mutex<T>) -> Result<MutexGuard<'_, T>, StoreError> {
    content.lock().map_err(|_| StoreError::new("a thread panicked while it held the sessions"))
}

/// The records of a user, which are few among those of the partition.
fn of_user<'r>(records: &'r Records, owner: &Owner<'r>) -> impl Iterator<Item = &'r SessionRecord> {
    let partition = owner.partition();
    let user_id = owner.user_id();
    let of_partition = records.range(*partition.first().as_bytes()..=*partition.last().as_bytes());
    of_partition.map(|(_, record)| &**record).filter(move |record| record.user_id == user_id)
}

impl SessionStore for MemoryStore {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        Ok(*self.content.salt.get_or_init(|| proposed))
    }

    async fn insert(&self, mut record: SessionRecord) -> Result<u64, StoreError> {
        let mut records = self.shard(record.id.partition())?;
        record.sequence = self.content.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        match records.entry(*record.id.as_bytes()) {
            Entry::Occupied(_) => Err(StoreError::new("a session with this identifier exists already")),
            Entry::Vacant(entry) => Ok(entry.insert(Box::new(record)).sequence),
        }
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.shard(id.partition())?.get(id.as_bytes()).map(|record| (**record).clone()))
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        match self.shard(record.id.partition())?.get_mut(record.id.as_bytes()) {
            Some(stored) if stored.version == expected_version => {
                **stored = record;
                Ok(Replaced::Yes)
            }
            _ => Ok(Replaced::Conflict),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.shard(id.partition())?.remove(id.as_bytes()).is_some())
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let mut existed = Vec::new();
        for id in ids {
            if self.shard(id.partition())?.remove(id.as_bytes()).is_some() {
                existed.push(*id);
            }
        }
        Ok(existed)
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let records = self.shard(owner.partition())?;
        let behind =
            of_user(&records, owner).filter(|record| page.after.is_none_or(|after| record.place() < after));
        let mut behind: Vec<_> = behind.collect();
        behind.sort_by_key(|record| std::cmp::Reverse(record.place()));
        Ok(behind.into_iter().take(usize::try_from(page.limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let mut records = self.shard(owner.partition())?;
        let others = of_user(&records, owner).map(|record| record.id).filter(|id| Some(id) != except);
        let others: Vec<_> = others.collect();
        for id in &others {
            records.remove(id.as_bytes());
        }
        Ok(others.len() as u64)
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        lock(&self.content.log)?.drop_old(now);
        let limit = usize::try_from(at_most).unwrap_or(usize::MAX);
        let mut removed = 0;
        for _ in 0..SHARDS {
            let shard = self.content.purge_from.load(Ordering::Relaxed);
            let mut records = lock(&self.content.shards[shard])?;
            let expired = records.values().filter(|record| record.is_expired(now));
            let expired: Vec<_> = expired.take(limit - removed).map(|record| record.id).collect();
            for id in &expired {
                records.remove(id.as_bytes());
            }
            removed += expired.len();
            if removed == limit {
                break;
            }
            self.content.purge_from.store((shard + 1) % SHARDS, Ordering::Relaxed);
        }
        Ok(removed as u64)
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let mut purged_until = lock(&self.content.purged_until)?;
        let is_free = purged_until.is_none_or(|other| other <= now);
        if is_free {
            *purged_until = Some(until);
        }
        Ok(is_free)
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        let mut log = lock(&self.content.log)?;
        log.announced.extend(endings.iter().map(|ending| (*ending, until)));
        Ok(())
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        let log = lock(&self.content.log)?;
        let position: usize = match after {
            Some(cursor) => cursor.as_str().parse().map_err(StoreError::new)?,
            None => 0,
        };
        let new = log.announced.get(position.saturating_sub(log.dropped)..).unwrap_or_default();
        let next = Cursor::new((log.dropped + log.announced.len()).to_string());
        Ok(Some(Endings { endings: new.iter().map(|(ending, _)| *ending).collect(), next }))
    }
}

impl Log {
    fn drop_old(&mut self, now: Timestamp) {
        let old = self.announced.iter().take_while(|(_, until)| *until <= now).count();
        self.announced.drain(..old);
        self.dropped += old;
    }
}

impl KeyStore for MemoryStore {
    async fn load_keys(&self) -> Result<Option<StoredKeys>, StoreError> {
        Ok(lock(&self.content.keys)?.clone())
    }

    async fn replace_keys(&self, document: &[u8], expected_version: u64) -> Result<bool, StoreError> {
        let mut keys = lock(&self.content.keys)?;
        let is_expected = keys.as_ref().map_or(0, |keys| keys.version) == expected_version;
        if is_expected {
            *keys = Some(StoredKeys::new(expected_version + 1, document.to_vec()));
        }
        Ok(is_expected)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{SessionMetadata, SessionPolicy, Sessions, TokenHash};

    crate::testing::store_conformance!(conformance, async { MemoryStore::default() });

    #[tokio::test]
    async fn a_poisoned_lock_is_an_error_and_no_panic() {
        let store = MemoryStore::default();
        let id = SessionId::generate(Partition::new(7)).unwrap();
        let other = store.clone();
        let panicked = std::thread::spawn(move || {
            let _records = other.shard(id.partition());
            panic!("while it holds the lock");
        });
        assert!(panicked.join().is_err());
        assert!(store.load(&id).await.is_err());
        let now = Timestamp::from_unix(0);
        let record = SessionRecord::new(id, "ann", TokenHash::of("jti"), now, now, now);
        assert!(store.insert(record.clone()).await.is_err());
        assert!(store.replace(record, 0).await.is_err());
    }

    /// As after a copy of the sessions into a database whose sequence begins anew.
    #[tokio::test]
    async fn a_counter_that_was_set_back_locks_no_user_out() {
        let store = MemoryStore::default();
        let policy = SessionPolicy::default().max_per_user(3).unwrap();
        let clock = Arc::new(crate::testing::TestClock::at(1_700_000_000));
        let sessions = Sessions::new(store.clone(), clock, policy);
        let sign_in = || sessions.open("ann", TokenHash::of("first"), SessionMetadata::default());
        store.content.sequence.store(1000, Ordering::SeqCst);
        for _ in 0..3 {
            sign_in().await.unwrap();
        }
        store.content.sequence.store(0, Ordering::SeqCst);
        let newest = sign_in().await.unwrap();
        let left = sessions.list("ann").await.unwrap();
        assert!(left.len() == 3 && left.iter().any(|session| session.id == newest.id));
    }

    #[tokio::test]
    async fn the_log_keeps_an_ending_until_its_time() {
        let store = MemoryStore::default();
        let [first, second] = [1, 2].map(|number| Ending::OfUser([number; 16]));
        let at = Timestamp::from_unix;
        store.announce(&[first], at(10)).await.unwrap();
        let cursor = store.endings(None).await.unwrap().unwrap().next;
        store.announce(&[second], at(20)).await.unwrap();
        for (now, all) in [(9, vec![first, second]), (10, vec![second]), (20, vec![])] {
            store.purge_expired(at(now), 1000).await.unwrap();
            assert_eq!(store.endings(None).await.unwrap().unwrap().endings, all, "{now}");
        }
        let read = store.endings(Some(&cursor)).await.unwrap().unwrap();
        assert_eq!((read.endings, read.next.as_str()), (vec![], "2"));
    }
}
