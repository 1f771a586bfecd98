//! [`SessionStore`] as a trait object, so that nothing above it is generic over the store.

use std::future::Future;
use std::pin::Pin;

use super::{Cursor, Ending, Endings, Owner, Page, PartitionSalt};
use super::{Replaced, SessionId, SessionRecord, SessionStore, StoreError};
use crate::clock::Timestamp;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

pub(crate) trait ErasedStore: Send + Sync {
    fn salt(&self, proposed: PartitionSalt) -> Answer<'_, PartitionSalt>;
    fn insert(&self, record: SessionRecord) -> Answer<'_, u64>;
    fn load<'a>(&'a self, id: &'a SessionId) -> Answer<'a, Option<SessionRecord>>;
    fn replace(&self, record: SessionRecord, expected_version: u64) -> Answer<'_, Replaced>;
    fn remove<'a>(&'a self, id: &'a SessionId) -> Answer<'a, bool>;
    fn remove_each<'a>(&'a self, ids: &'a [SessionId]) -> Answer<'a, Vec<SessionId>>;
    fn list<'a>(&'a self, owner: &'a Owner<'a>, page: Page) -> Answer<'a, Vec<SessionRecord>>;
    fn remove_all<'a>(&'a self, owner: &'a Owner<'a>, except: Option<&'a SessionId>) -> Answer<'a, u64>;
    fn purge_expired(&self, now: Timestamp, at_most: u32) -> Answer<'_, u64>;
    fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Answer<'_, bool>;
    fn announce<'a>(&'a self, endings: &'a [Ending], until: Timestamp) -> Answer<'a, ()>;
    fn endings<'a>(&'a self, after: Option<&'a Cursor>) -> Answer<'a, Option<Endings>>;
}

impl<T: SessionStore> ErasedStore for T {
    fn salt(&self, proposed: PartitionSalt) -> Answer<'_, PartitionSalt> {
        Box::pin(SessionStore::salt(self, proposed))
    }

    fn insert(&self, record: SessionRecord) -> Answer<'_, u64> {
        Box::pin(SessionStore::insert(self, record))
    }

    fn load<'a>(&'a self, id: &'a SessionId) -> Answer<'a, Option<SessionRecord>> {
        Box::pin(SessionStore::load(self, id))
    }

    fn replace(&self, record: SessionRecord, expected_version: u64) -> Answer<'_, Replaced> {
        Box::pin(SessionStore::replace(self, record, expected_version))
    }

    fn remove<'a>(&'a self, id: &'a SessionId) -> Answer<'a, bool> {
        Box::pin(SessionStore::remove(self, id))
    }

    fn remove_each<'a>(&'a self, ids: &'a [SessionId]) -> Answer<'a, Vec<SessionId>> {
        Box::pin(SessionStore::remove_each(self, ids))
    }

    fn list<'a>(&'a self, owner: &'a Owner<'a>, page: Page) -> Answer<'a, Vec<SessionRecord>> {
        Box::pin(SessionStore::list(self, owner, page))
    }

    fn remove_all<'a>(&'a self, owner: &'a Owner<'a>, except: Option<&'a SessionId>) -> Answer<'a, u64> {
        Box::pin(SessionStore::remove_all(self, owner, except))
    }

    fn purge_expired(&self, now: Timestamp, at_most: u32) -> Answer<'_, u64> {
        Box::pin(SessionStore::purge_expired(self, now, at_most))
    }

    fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Answer<'_, bool> {
        Box::pin(SessionStore::claim_purge(self, now, until))
    }

    fn announce<'a>(&'a self, endings: &'a [Ending], until: Timestamp) -> Answer<'a, ()> {
        Box::pin(SessionStore::announce(self, endings, until))
    }

    fn endings<'a>(&'a self, after: Option<&'a Cursor>) -> Answer<'a, Option<Endings>> {
        Box::pin(SessionStore::endings(self, after))
    }
}
