//! Sessions in the memory of the process.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Replaced, SessionStore, StoreError};
use crate::clock::Timestamp;
use crate::session::{SessionId, SessionRecord};

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
#[derive(Clone, Default)]
pub struct MemoryStore {
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    records: HashMap<SessionId, SessionRecord>,
    by_user: HashMap<String, HashSet<SessionId>>,
}

impl Content {
    fn remove(&mut self, id: &SessionId) -> bool {
        let Some(record) = self.records.remove(id) else { return false };
        if let Entry::Occupied(mut ids) = self.by_user.entry(record.user_id) {
            ids.get_mut().remove(id);
            if ids.get().is_empty() {
                ids.remove();
            }
        }
        true
    }

    fn remove_each(&mut self, ids: &[SessionId]) -> u64 {
        ids.iter().map(|id| u64::from(self.remove(id))).sum()
    }

    fn of_user(&self, user_id: &str) -> impl Iterator<Item = &SessionId> {
        self.by_user.get(user_id).into_iter().flatten()
    }
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> Result<MutexGuard<'_, Content>, StoreError> {
        self.content.lock().map_err(|_| StoreError::new("a thread panicked while it held the sessions"))
    }
}

impl SessionStore for MemoryStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        let mut content = self.lock()?;
        if content.records.contains_key(&record.id) {
            return Err(StoreError::new("a session with this identifier exists already"));
        }
        content.by_user.entry(record.user_id.clone()).or_default().insert(record.id.clone());
        content.records.insert(record.id.clone(), record);
        Ok(())
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.lock()?.records.get(id).cloned())
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        match self.lock()?.records.get_mut(&record.id) {
            Some(stored) if stored.version == expected_version => {
                *stored = record;
                Ok(Replaced::Yes)
            }
            _ => Ok(Replaced::Conflict),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.lock()?.remove(id))
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let content = self.lock()?;
        Ok(content.of_user(user_id).filter_map(|id| content.records.get(id)).cloned().collect())
    }

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let mut content = self.lock()?;
        let ids: Vec<_> = content.of_user(user_id).filter(|id| Some(*id) != except).cloned().collect();
        Ok(content.remove_each(&ids))
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut content = self.lock()?;
        let expired = content.records.values().filter(|record| record.is_expired(now));
        let ids: Vec<_> = expired.map(|record| record.id.clone()).collect();
        Ok(content.remove_each(&ids))
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
    use crate::session::TokenHash;

    crate::testing::store_conformance!(conformance, async { MemoryStore::default() });

    #[tokio::test]
    async fn a_poisoned_lock_is_an_error_and_no_panic() {
        let store = MemoryStore::default();
        let other = store.clone();
        let panicked = std::thread::spawn(move || {
            let _content = other.content.lock();
            panic!("while it holds the lock");
        });
        assert!(panicked.join().is_err());
        let id = SessionId::generate().unwrap();
        assert!(store.load(&id).await.is_err());
        let now = Timestamp::from_unix(0);
        let record = SessionRecord::new(id, "ann", TokenHash::of("jti"), now, now, now);
        assert!(store.insert(record.clone()).await.is_err());
        assert!(store.replace(record, 0).await.is_err());
    }

    #[tokio::test]
    async fn a_user_without_sessions_takes_no_memory() {
        let store = MemoryStore::default();
        let now = Timestamp::from_unix(0);
        for _ in 0..3 {
            let id = SessionId::generate().unwrap();
            store.insert(SessionRecord::new(id, "ann", TokenHash::of("jti"), now, now, now)).await.unwrap();
        }
        assert_eq!(store.purge_expired(now).await.unwrap(), 3);
        let content = store.lock().unwrap();
        assert!(content.records.is_empty() && content.by_user.is_empty());
    }
}
