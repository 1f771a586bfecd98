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
/// - every operation is atomic, and when it has succeeded, its effect outlives the process;
/// - a read sees every write that had succeeded before, so it does not go to a replica that lags behind;
/// - [`replace`](Self::replace) compares and writes in one step.
///
/// Run `countersign::testing::store_conformance!` (feature `test-util`) against an implementation.
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
    /// When there is a record with the same identifier, which stays as it was, and when the store fails.
    fn insert(&self, record: SessionRecord) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The record `id`, whether it has expired or not.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// Puts `record` in the place of the one with the same identifier if that one has the version `expected_version`.
    ///
    /// A record that is gone is a [`Replaced::Conflict`]: nothing brings a revoked session back. The user of a session never
    /// changes.
    ///
    /// An error may mean that nothing was written or that the answer was lost. The client is told to try again, which works in
    /// both cases as long as it does so within the rotation window.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn replace(
        &self,
        record: SessionRecord,
        expected_version: u64,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send;

    /// Removes the record `id`, and says whether there was one.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove(&self, id: &SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Every record of the user, expired or not, in any order.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn list(&self, user_id: &str) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Removes every record of the user but `except`, and says how many.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Removes every record that [has expired](SessionRecord::is_expired) at `now`, and says how many.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn purge_expired(&self, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

#[diagnostic::do_not_recommend]
impl<T: SessionStore> SessionStore for Arc<T> {
    fn insert(&self, record: SessionRecord) -> impl Future<Output = Result<(), StoreError>> + Send {
        (**self).insert(record)
    }

    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send {
        (**self).load(id)
    }

    fn replace(
        &self,
        record: SessionRecord,
        expected_version: u64,
    ) -> impl Future<Output = Result<Replaced, StoreError>> + Send {
        (**self).replace(record, expected_version)
    }

    fn remove(&self, id: &SessionId) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).remove(id)
    }

    fn list(&self, user_id: &str) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send {
        (**self).list(user_id)
    }

    fn remove_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        (**self).remove_all(user_id, except)
    }

    fn purge_expired(&self, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send {
        (**self).purge_expired(now)
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

/// A store that failed. Its text is the same whatever the cause, which [`source`](Error::source) has for the log.
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
