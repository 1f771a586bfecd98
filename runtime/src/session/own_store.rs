use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use countersign::Timestamp;
use countersign::session::{Owner, Page, PartitionSalt, SessionId, SessionRecord};
use countersign::store::{Replaced, SessionStore, StoreError};

#[derive(Default)]
struct OwnStore {
    records: Mutex<HashMap<SessionId, SessionRecord>>,
    salt: OnceLock<PartitionSalt>,
    added: AtomicU64,
}

impl OwnStore {
    /// The lock makes each operation atomic. A database does that with a statement or a transaction.
    fn lock(&self) -> Result<MutexGuard<'_, HashMap<SessionId, SessionRecord>>, StoreError> {
        self.records.lock().map_err(|_| StoreError::new("the lock is poisoned"))
    }

    fn remove_where(
        &self,
        condition: impl Fn(&SessionRecord) -> bool,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut records = self.lock()?;
        Ok(records.extract_if(|_, record| condition(record)).take(limit).count() as u64)
    }
}

impl SessionStore for OwnStore {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        Ok(*self.salt.get_or_init(|| proposed))
    }

    async fn insert(&self, mut record: SessionRecord) -> Result<u64, StoreError> {
        let mut records = self.lock()?;
        // Counted under the lock. A database has a sequence for that.
        record.sequence = self.added.fetch_add(1, Ordering::Relaxed) + 1;
        match records.entry(record.id) {
            Entry::Vacant(entry) => Ok(entry.insert(record).sequence),
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

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let mut records = self.lock()?;
        Ok(ids.iter().copied().filter(|id| records.remove(id).is_some()).collect())
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        let mut records: Vec<_> = self.lock()?.values().cloned().collect();
        records.retain(|record| record.user_id == owner.user_id());
        records.retain(|record| page.after.is_none_or(|after| record.place() < after));
        records.sort_by_key(|record| Reverse(record.place()));
        records.truncate(page.limit as usize);
        Ok(records)
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.remove_where(
            |record| record.user_id == owner.user_id() && Some(&record.id) != except,
            usize::MAX,
        )
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.remove_where(|record| record.is_expired(now), at_most as usize)
    }
}

#[cfg(test)]
countersign::testing::store_conformance!(conformance, async { OwnStore::default() });
