//! The contract of a session store.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{SessionId, SessionRecord};
use crate::clock::Timestamp;

/// A place for session records.
///
/// Three promises carry the security of rotation:
///
/// - every operation is atomic, and once it has succeeded, its effect outlives the process;
/// - a read sees every write that has succeeded before it, so it never goes to a replica that lags behind;
/// - [`replace`](Self::replace) compares and writes in one step.
///
/// # A store of your own
///
/// Here is a whole one, in memory, which only lacks the durability of the first promise. The last two lines run the
/// conformance suite: about 70 tests of the promises and of the sessions above the store. They need `countersign` with the
/// feature `test-util` and `tokio` with `macros` and `rt` in `[dev-dependencies]`.
///
#[doc = concat!("```\n", include_str!("own_store.rs"), "```")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a session store",
    label = "not a session store",
    note = "use `MemoryStore`, or with the feature of that name `SqliteStore`, `PostgresStore` or `RedisStore`",
    note = "or implement `SessionStore` for it, and test that with `countersign::testing::store_conformance!`"
)]
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a record.
    ///
    /// # Errors
    ///
    /// When a record with the same identifier exists, which then stays as it is, and when the store fails.
    fn insert(&self, record: SessionRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Returns the record `id`, expired or not.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// Replaces the record with the same identifier if its version is `expected_version`.
    ///
    /// A record that is gone is a [`Replaced::Conflict`], so that a revoked session never comes back. The `user_id` of a session
    /// never changes.
    ///
    /// An error may mean that nothing was written, or that the answer was lost. The client is told to try again, which works in
    /// both cases inside the rotation window.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn replace(
        &self,
        record: SessionRecord,
        expected_version: u64,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// Removes the record `id`. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove(&self, id: &SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns every record of the user, expired or not, in any order.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn list(&self, user_id: &str) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Removes every record of the user except `except`. Returns how many it removed.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Removes every record that [has expired](SessionRecord::is_expired) at `now`. Returns how many it removed.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn purge_expired(&self, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: SessionStore> SessionStore for Arc<T> {
    async fn insert(&self, record: SessionRecord) -> Result<(), StoreError> {
        (**self).insert(record).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        (**self).load(id).await
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        (**self).replace(record, expected_version).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        (**self).remove(id).await
    }

    async fn list(&self, user_id: &str) -> Result<Vec<SessionRecord>, StoreError> {
        (**self).list(user_id).await
    }

    async fn remove_all(&self, user_id: &str, except: Option<&SessionId>) -> Result<u64, StoreError> {
        (**self).remove_all(user_id, except).await
    }

    async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        (**self).purge_expired(now).await
    }
}

/// Whether [`SessionStore::replace`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was written"]
#[expect(clippy::exhaustive_enums, reason = "a conditional write has these two results")]
pub enum Replaced {
    /// The record was replaced.
    Yes,
    /// The record is gone or has another version; nothing was written.
    Conflict,
}

/// The failure of a store. `Display` is the same for every cause; the cause itself is the [`source`](Error::source), for the log.
///
/// ```
/// use std::error::Error as _;
/// use countersign::store::StoreError;
///
/// let error = StoreError::new("connection to 10.0.0.7 refused");
/// assert_eq!(error.to_string(), "the session store is unavailable");
/// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection to 10.0.0.7 refused"));
/// ```
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// Takes the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session store is unavailable")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
