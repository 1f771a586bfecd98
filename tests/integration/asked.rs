//! A store that records its calls.

use std::sync::Mutex;

use countersign::Timestamp;
use countersign::session::{SessionId, SessionRecord};
use countersign::store::{MemoryStore, Replaced, SessionStore, StoreError};

/// A store that records its calls.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    inner: MemoryStore,
    log: Mutex<Vec<&'static str>>,
}

impl Asked {
    fn note(&self, operation: &'static str) {
        self.log.lock().unwrap().push(operation);
    }

    /// The calls since the last question.
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl SessionStore for Asked {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        self.note("insert");
        self.inner.insert(record).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.note("load");
        self.inner.load(id).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.note("replace");
        self.inner.replace(record, expected_version).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.note("remove");
        self.inner.remove(id).await
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        self.note("list");
        self.inner.list(user_id).await
    }

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.note("remove_all");
        self.inner.remove_all(user_id, except).await
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.note("purge_expired");
        self.inner.purge_expired(now).await
    }
}
