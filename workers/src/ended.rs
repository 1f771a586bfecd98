//! Ended sessions in Workers KV.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign::Timestamp;
use countersign::session::{Cursor, Ending, Endings, Owner, Page, PartitionSalt, SessionId, SessionRecord};
use countersign::store::{Replaced, SessionStore, StoreError};
use worker::KvStore;
use worker::send::{SendFuture, SendWrapper};

const PREFIX: &str = "countersign:ended:";
/// Workers KV refuses entries that live shorter.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The value of every entry. Entries with another value are not believed.
const ENDED: &str = "ended";

/// How many identifiers an isolate remembers.
const RECENT: usize = 1000;

/// The last sessions of which this isolate knows that they have ended.
#[derive(Default)]
struct Recent {
    order: VecDeque<SessionId>,
    ids: HashSet<SessionId>,
}

impl Recent {
    /// Returns whether it was news.
    fn add(&mut self, id: SessionId) -> bool {
        let is_news = self.ids.insert(id);
        if is_news {
            self.order.push_back(id);
        }
        if self.order.len() > RECENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        is_news
    }
}

/// A namespace of Workers KV, or another eventually consistent map. Implemented for [`Kv`].
pub trait Entries: Send + Sync + 'static {
    /// Returns the value of `key`, as new or as old as the map has it.
    ///
    /// # Errors
    ///
    /// When the map fails.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Sets the value of `key` for `life`, in whole seconds.
    ///
    /// # Errors
    ///
    /// When the map fails.
    fn put(
        &self,
        key: &str,
        value: &str,
        life: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes the entry of `key`.
    ///
    /// # Errors
    ///
    /// When the map fails.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The binding of a namespace of Workers KV.
pub struct Kv(SendWrapper<KvStore>);

impl Kv {
    /// Takes the binding.
    pub fn new(namespace: KvStore) -> Self {
        Self(SendWrapper::new(namespace))
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kv").finish_non_exhaustive()
    }
}

// A Worker has one thread, on which these futures stay.
impl Entries for Kv {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, StoreError>> + Send {
        SendFuture::new(async move { self.0.get(key).text().await.map_err(StoreError::new) })
    }

    fn put(
        &self,
        key: &str,
        value: &str,
        life: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        SendFuture::new(async move {
            let put = self.0.put(key, value).map_err(StoreError::new)?;
            put.expiration_ttl(life.as_secs()).execute().await.map_err(StoreError::new)
        })
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        SendFuture::new(async move { self.0.delete(key).await.map_err(StoreError::new) })
    }
}

/// A store with a memory of sessions that have ended in Workers KV. It answers for these near the request, and asks the store
/// about all others.
///
/// ```
/// use countersign_workers::{DurableObjectStore, EndedCache, Kv};
/// use worker::Env;
///
/// fn store(env: &Env) -> worker::Result<EndedCache<DurableObjectStore>> {
///     let sessions = DurableObjectStore::new(env.durable_object("SESSIONS")?);
///     Ok(EndedCache::new(sessions, Kv::new(env.kv("ENDED")?)))
/// }
/// ```
///
/// # Promises
///
/// An entry says one thing, "this session has ended", which is true for ever: identifiers are not used twice. So an old entry is
/// as good as a new one, and an entry that is missing, late or lost means a question to the store, no more. It is written after
/// the store has removed the session, or has said that there is none. It never says that a session lives.
///
/// Workers KV is eventually consistent: an entry may be seen a minute later elsewhere, or not at all. It cannot compare and swap, so
/// no session and no token is kept in it. Where it cannot be read, the store decides.
///
/// It pays off where clients of ended sessions keep asking. Every look-up of another session costs one read of an entry more. An
/// isolate remembers the last thousand ended sessions itself, and writes each entry once.
///
/// Keys start with `countersign:ended:` and go on with the identifier. An entry that this crate has not written, such as an empty
/// one, says nothing and is removed.
pub struct EndedCache<S, E = Kv> {
    store: S,
    entries: E,
    prefix: String,
    life: Duration,
    recent: Mutex<Recent>,
}

impl<S: SessionStore, E: Entries> EndedCache<S, E> {
    /// Takes the store that decides, and where to remember. Entries live an hour.
    pub fn new(store: S, entries: E) -> Self {
        Self { store, entries, prefix: PREFIX.to_owned(), life: HOUR, recent: Mutex::default() }
    }

    /// Sets the start of every key, for a namespace that is used for other things too.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long an entry lives, in whole seconds. Less than 60 seconds become 60, the least that Workers KV takes.
    #[must_use]
    pub fn life(mut self, life: Duration) -> Self {
        self.life = life.max(SHORTEST_LIFE);
        self
    }

    fn key(&self, id: &SessionId) -> String {
        format!("{}{id}", self.prefix)
    }

    async fn has_ended(&self, id: &SessionId) -> bool {
        if self.recent(|recent| recent.ids.contains(id)) {
            return true;
        }
        let key = self.key(id);
        match self.entries.get(&key).await {
            Ok(Some(value)) if value == ENDED => {
                self.recent(|recent| recent.add(*id));
                true
            }
            Ok(Some(_)) => {
                note(self.entries.delete(&key).await, "removed");
                false
            }
            Ok(None) => false,
            Err(error) => {
                note(Err(error), "read");
                false
            }
        }
    }

    /// Call it only when the store has said that the session is gone.
    async fn remember(&self, id: &SessionId) {
        // Workers KV takes one write of a key in a second, and a client that goes on asking would cause more.
        if self.recent(|recent| recent.add(*id)) {
            note(self.entries.put(&self.key(id), ENDED, self.life).await, "written");
        }
    }

    fn recent<T>(&self, act: impl FnOnce(&mut Recent) -> T) -> T {
        // Each change is whole before anything can panic.
        act(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The store has decided already, so a failure is for the log alone.
fn note(result: Result<(), StoreError>, what: &str) {
    if let Err(error) = result {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(target: "countersign", cause, "an entry of ended sessions cannot be {what}");
    }
}

impl<S: SessionStore, E: Entries> SessionStore for EndedCache<S, E> {
    async fn salt(&self, proposed: PartitionSalt) -> Result<PartitionSalt, StoreError> {
        self.store.salt(proposed).await
    }

    async fn insert(&self, record: SessionRecord) -> Result<u64, StoreError> {
        self.store.insert(record).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        if self.has_ended(id).await {
            return Ok(None);
        }
        let record = self.store.load(id).await?;
        if record.is_none() {
            self.remember(id).await;
        }
        Ok(record)
    }

    async fn replace(&self, record: SessionRecord, expected_version: u64) -> Result<Replaced, StoreError> {
        self.store.replace(record, expected_version).await
    }

    async fn remove(&self, id: &SessionId) -> Result<bool, StoreError> {
        let removed = self.store.remove(id).await?;
        self.remember(id).await;
        Ok(removed)
    }

    async fn remove_each(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
        // Without entries: a request may write a limited number, and a look-up of these writes them one by one.
        self.store.remove_each(ids).await
    }

    async fn list(&self, owner: &Owner<'_>, page: Page) -> Result<Vec<SessionRecord>, StoreError> {
        self.store.list(owner, page).await
    }

    async fn remove_all(&self, owner: &Owner<'_>, except: Option<&SessionId>) -> Result<u64, StoreError> {
        self.store.remove_all(owner, except).await
    }

    async fn purge_expired(&self, now: Timestamp, at_most: u32) -> Result<u64, StoreError> {
        self.store.purge_expired(now, at_most).await
    }

    async fn claim_purge(&self, now: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        self.store.claim_purge(now, until).await
    }

    async fn announce(&self, endings: &[Ending], until: Timestamp) -> Result<(), StoreError> {
        self.store.announce(endings, until).await
    }

    async fn endings(&self, after: Option<&Cursor>) -> Result<Option<Endings>, StoreError> {
        self.store.endings(after).await
    }
}

impl<S, E> fmt::Debug for EndedCache<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndedCache")
            .field("prefix", &self.prefix)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
