//! A store that records its calls.

use std::sync::Mutex;
use std::time::Duration;

use countersign::Timestamp;
use countersign::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use countersign::store::{MemoryStore, Replaced, SessionStore, StoreError};

/// A store that records its calls.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    inner: MemoryStore,
    log: Mutex<Vec<&'static str>>,
    /// How long a reading of the log of endings takes.
    reading_takes: Duration,
}

impl Asked {
    /// A store whose log of endings takes so long to read.
    pub(crate) fn read_in(reading_takes: Duration) -> Self {
        Self { reading_takes, ..Self::default() }
    }

    fn note(&self, operation: &'static str) {
        self.log.lock().unwrap().push(operation);
    }

    /// The calls since the last question.
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl SessionStore for Asked {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.inner.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
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

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.note("remove_each");
        self.inner.remove_each(ids).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.note("list");
        self.inner.list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.note("remove_all");
        self.inner.remove_all(owner, except).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.note("purge_expired");
        self.inner.purge_expired(now, at_most).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.note("claim_purge");
        self.inner.claim_purge(now, until).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.inner.announce(endings, until).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.note("endings");
        if !self.reading_takes.is_zero() {
            tokio::time::sleep(self.reading_takes).await;
        }
        self.inner.endings(after).await
    }
}
