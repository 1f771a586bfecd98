use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard};

use countersign::Timestamp;
use countersign::session::{SessionId, SessionRecord};
use countersign::store::{Replaced, SessionStore, StoreError};

#[derive(Default)]
struct OwnStore(Mutex<HashMap<SessionId, SessionRecord>>);

impl OwnStore {
    /// The lock makes each operation atomic. A database does that with a statement or a transaction.
    fn lock(&self) -> Result<MutexGuard<'_, HashMap<SessionId, SessionRecord>>, StoreError> {
        self.0.lock().map_err(|_| StoreError::new("the lock is poisoned"))
    }

    fn remove_where(&self, condition: impl Fn(&SessionRecord) -> bool) -> Result<u64, StoreError> {
        let mut records = self.lock()?;
        Ok(records.extract_if(|_, record| condition(record)).count() as u64)
    }
}

impl SessionStore for OwnStore {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        match self.lock()?.entry(record.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(record);
                Ok(())
            }
            Entry::Occupied(_) => Err(StoreError::new("the identifier is taken")),
        }
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(self.lock()?.get(id).cloned())
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        match self.lock()?.get_mut(&record.id) {
            Some(stored) if stored.version == expected_version => {
                *stored = record;
                Ok(Replaced::Yes)
            }
            _ => Ok(Replaced::Conflict),
        }
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        Ok(self.lock()?.remove(id).is_some())
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        Ok(self.lock()?.values().filter(|record| record.user_id == user_id).cloned().collect())
    }

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.remove_where(|record| record.user_id == user_id && Some(&record.id) != except)
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.remove_where(|record| record.is_expired(now))
    }
}

#[cfg(test)]
countersign::testing::store_conformance!(conformance, async { OwnStore::default() });
