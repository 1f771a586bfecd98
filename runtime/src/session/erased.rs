//! [`SessionStore`] as a trait object, so that nothing above it is generic over the store.

use std::future::Future;
use std::pin::Pin;

use super::{Replaced, SessionId, SessionRecord, SessionStore, StoreError};
use crate::clock::Timestamp;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

pub(crate) trait ErasedStore: Send + Sync {
    fn insert(&self, record: SessionRecord) -> Answer<'_, ()>;
    fn load<'a>(&'a self, id: &'a SessionId) -> Answer<'a, Option<SessionRecord>>;
    fn replace(&self, record: SessionRecord, expected_version: u64) -> Answer<'_, Replaced>;
    fn remove<'a>(&'a self, id: &'a SessionId) -> Answer<'a, bool>;
    fn list<'a>(&'a self, user_id: &'a str) -> Answer<'a, Vec<SessionRecord>>;
    fn remove_all<'a>(&'a self, user_id: &'a str, except: Option<&'a SessionId>) -> Answer<'a, u64>;
    fn purge_expired(&self, now: Timestamp) -> Answer<'_, u64>;
}

impl<T: SessionStore> ErasedStore for T {
    fn insert(&self, record: SessionRecord) -> Answer<'_, ()> {
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

    fn list<'a>(&'a self, user_id: &'a str) -> Answer<'a, Vec<SessionRecord>> {
        Box::pin(SessionStore::list(self, user_id))
    }

    fn remove_all<'a>(&'a self, user_id: &'a str, except: Option<&'a SessionId>) -> Answer<'a, u64> {
        Box::pin(SessionStore::remove_all(self, user_id, except))
    }

    fn purge_expired(&self, now: Timestamp) -> Answer<'_, u64> {
        Box::pin(SessionStore::purge_expired(self, now))
    }
}
