//! The contract of a session store.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use crate::clock::Timestamp;

/// A place for session records.
///
/// Three promises carry the security of rotation:
///
/// - every operation is atomic, and once it has succeeded, its effect outlives the process;
/// - a read sees every write that has succeeded before it, so it never goes to a replica that lags behind;
/// - [`replace`](Self::replace) compares and writes in one step.
///
/// All sessions of a user are in one [`Partition`](super::Partition), which their identifiers name. So a store may spread
/// partitions over servers, and finds a user's sessions among those of one partition.
///
/// # A store of your own
///
/// Here is a whole one, in memory, which only lacks the durability of the first promise. The last two lines run the
/// conformance suite: about 80 tests of the promises and of the sessions above the store. They need `countersign` with the
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
    /// Returns the salt that the store keeps. A store that has none keeps `proposed`: of all that are ever proposed the first one
    /// wins, for every server and for ever.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn salt(&self, proposed: PartitionSalt)
    -> impl Future<Output = Result<PartitionSalt, StoreError>> + Send;

    /// Adds a record with a [`sequence`](SessionRecord::sequence) that is larger than that of every session of the user that the store has,
    /// whatever the record says. Returns it.
    ///
    /// # Errors
    ///
    /// When a record with the same identifier exists, which then stays as it is, and when the store fails.
    fn insert(&self, record: SessionRecord) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Returns the record `id`, expired or not.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>> + Send;

    /// Replaces the record with the same identifier if its version is `expected_version`.
    ///
    /// A record that is gone is a [`Replaced::Conflict`], so that a revoked session never comes back.
    ///
    /// These fields change: `current`, `previous`, `may_be_lost`, `rotated_at`, `authenticated_at`, `last_used_at`, `idle_expires_at`,
    /// `access_not_before` and `version`. A store may write only these.
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

    /// Removes these records, which all belong to one user. Returns those that existed.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove_each(
        &self,
        ids: &[SessionId],
    ) -> impl Future<Output = Result<Vec<SessionId>, StoreError>> + Send;

    /// Returns a page of the records of the user, expired or not, in the order of [`Place`](super::Place): the newest first.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn list(
        &self,
        owner: &Owner<'_>,
        page: Page,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Removes every record of the user except `except`. Returns how many it removed.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn remove_all(
        &self,
        owner: &Owner<'_>,
        except: Option<&SessionId>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// One step of a purge: removes up to `at_most` records that [have expired](SessionRecord::is_expired) at `now`. Returns how many
    /// it removed. Fewer than `at_most` mean that it found no more.
    ///
    /// A step passes over records that another writer holds, so that none waits for the other.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn purge_expired(
        &self,
        now: Timestamp,
        at_most: u32,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Asks to be the one server that purges until `until`. Returns `true` to one caller at a time.
    ///
    /// Two that purge at once do no harm. A store that leaves this out tells every caller to purge.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn claim_purge(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        let _ = (now, until);
        std::future::ready(Ok(true))
    }

    /// Writes to the store's log what is about to end. The log keeps it until `until` at least.
    ///
    /// A store may leave out this and [`endings`](Self::endings). It is then asked at each live check.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn announce(
        &self,
        endings: &[Ending],
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (endings, until);
        std::future::ready(Ok(()))
    }

    /// Reads the store's log of what has ended: the part behind `after`, or with `None` all that it has. `None` is the answer of a store
    /// without a log.
    ///
    /// Every announcement that succeeded before this call is in its answer, or in an answer from which `after` comes. An answer
    /// may repeat some.
    ///
    /// # Errors
    ///
    /// When the store fails.
    fn endings(
        &self,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Option<Endings>, StoreError>> + Send {
        let _ = after;
        std::future::ready(Ok(None))
    }
}

#[diagnostic::do_not_recommend]
impl<T: SessionStore> SessionStore for Arc<T> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        (**self).salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
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

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        (**self).remove_each(ids).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        (**self).list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        (**self).remove_all(owner, except).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        (**self).purge_expired(now, at_most).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        (**self).claim_purge(now, until).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        (**self).announce(endings, until).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        (**self).endings(after).await
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
/// let error = StoreError::unreachable("connection to 10.0.0.7 refused");
/// assert_eq!(error.to_string(), "the session store is unavailable");
/// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection to 10.0.0.7 refused"));
/// assert!(error.is_unreachable());
/// ```
pub struct StoreError {
    cause: Box<dyn Error + Send + Sync>,
    is_unreachable: bool,
}

impl StoreError {
    /// An operation that failed, for whatever reason. The next one may work.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), is_unreachable: false }
    }

    /// The store gave no answer: the connection broke, or the patience ended. Until it answers again, one operation at a time asks it,
    /// and the others fail at once.
    pub fn unreachable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), is_unreachable: true }
    }

    /// Whether the store gave no answer.
    pub fn is_unreachable(&self) -> bool {
        self.is_unreachable
    }
}

/// Only the cause: `fn main() -> Result<…>` prints errors with it.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreError").field(&self.cause).finish()
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session store is unavailable")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}
