//! A store that counts writes, and can end sessions just before a replacement.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use crate::store::{Replaced, SessionStore, StoreError};

pub(super) struct WatchedStore<S> {
    inner: S,
    writes: AtomicU32,
    ends_all_before_replacing: AtomicBool,
}

impl<S> WatchedStore<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, writes: AtomicU32::new(0), ends_all_before_replacing: AtomicBool::new(false) }
    }

    /// How many records were inserted, replaced or removed.
    pub(super) fn writes(&self) -> u32 {
        self.writes.load(Ordering::SeqCst)
    }

    /// From now on, all sessions of the user are removed right before one of them is replaced.
    pub(super) fn end_all_before_replacing(&self) {
        self.ends_all_before_replacing.store(true, Ordering::SeqCst);
    }

    fn count(&self, wrote: bool) {
        self.writes.fetch_add(u32::from(wrote), Ordering::SeqCst);
    }
}

impl<S: SessionStore> SessionStore for WatchedStore<S> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.inner.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        let sequence = self.inner.insert(record).await?;
        self.count(true);
        Ok(sequence)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.inner.load(id).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        if self.ends_all_before_replacing.load(Ordering::SeqCst) {
            let salt = self.inner.salt(PartitionSalt::from_bytes([0; 16])).await?;
            self.inner.remove_all(&Owner::new(&salt, &record.user_id), None).await?;
        }
        let replaced = self.inner.replace(record, expected_version).await?;
        self.count(replaced == Replaced::Yes);
        Ok(replaced)
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let removed = self.inner.remove(id).await?;
        self.count(removed);
        Ok(removed)
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        let removed = self.inner.remove_each(ids).await?;
        self.count(!removed.is_empty());
        Ok(removed)
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.inner.list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        let removed = self.inner.remove_all(owner, except).await?;
        self.count(removed > 0);
        Ok(removed)
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        let removed = self.inner.purge_expired(now, at_most).await?;
        self.count(removed > 0);
        Ok(removed)
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.inner.announce(endings, until).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.inner.endings(after).await
    }
}
