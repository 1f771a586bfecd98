//! A store that fails on command.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use crate::store::{Replaced, SessionStore, StoreError};

/// How a [`FaultyStore`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Reads fail, and writes work.
    Read,
    /// Writes fail and have no effect.
    BeforeWrite,
    /// Writes take effect and then fail, as if their answer were lost.
    AfterWrite,
    /// Every replacement is a conflict.
    Conflict,
    /// Every operation fails as one that [found no answer](StoreError::unreachable), and has no effect.
    Unreachable,
    /// No operation is answered, for as long as its caller waits.
    Silent,
}

/// A store that fails on command. Put it into an [`Arc`](std::sync::Arc) to keep a handle on it.
///
/// ```
/// use std::sync::Arc;
/// use countersign::SystemClock;
/// use countersign::session::{SessionPolicy, Sessions};
/// use countersign::store::MemoryStore;
/// use countersign::testing::{Fault, FaultyStore};
///
/// let store = Arc::new(FaultyStore::new(MemoryStore::default()));
/// let sessions = Sessions::new(Arc::clone(&store), Arc::new(SystemClock::default()), SessionPolicy::default());
/// store.inject(Fault::BeforeWrite);
/// // ... every write fails now ...
/// store.heal();
/// ```
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    fault: Mutex<Option<Fault>>,
}

impl<S: SessionStore> FaultyStore<S> {
    /// Passes every call on to `inner` until a fault is injected.
    pub fn new(inner: S) -> Self {
        Self { inner, fault: Mutex::new(None) }
    }

    /// Makes the store fail in this way from now on.
    pub fn inject(&self, fault: Fault) {
        *self.fault() = Some(fault);
    }

    /// Makes the store work again.
    pub fn heal(&self) {
        *self.fault() = None;
    }

    fn fault(&self) -> MutexGuard<'_, Option<Fault>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail_if(&self, fault: Fault) -> Result<(), StoreError> {
        if *self.fault() == Some(fault) { Err(StoreError::new("injected fault")) } else { Ok(()) }
    }

    async fn reach(&self) -> Result<(), StoreError> {
        let fault = *self.fault();
        match fault {
            Some(Fault::Unreachable) => Err(StoreError::unreachable("injected outage")),
            Some(Fault::Silent) => std::future::pending().await,
            _ => Ok(()),
        }
    }

    async fn read<T>(&self, operation: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.reach().await?;
        self.fail_if(Fault::Read)?;
        operation.await
    }

    async fn write<T>(
        &self,
        operation: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.reach().await?;
        self.fail_if(Fault::BeforeWrite)?;
        let result = operation.await;
        self.fail_if(Fault::AfterWrite)?;
        result
    }
}

impl<S: SessionStore> SessionStore for FaultyStore<S> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        // A store may read or write for it, so it fails in an outage alone.
        self.reach().await?;
        self.inner.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.write(self.inner.insert(record)).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.read(self.inner.load(id)).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        if *self.fault() == Some(Fault::Conflict) {
            return Ok(Replaced::Conflict);
        }
        self.write(self.inner.replace(record, expected_version)).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.write(self.inner.remove(id)).await
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        self.write(self.inner.remove_each(ids)).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.read(self.inner.list(owner, page)).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.write(self.inner.remove_all(owner, except)).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.write(self.inner.purge_expired(now, at_most)).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.write(self.inner.claim_purge(now, until)).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.write(self.inner.announce(endings, until)).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.read(self.inner.endings(after)).await
    }
}
