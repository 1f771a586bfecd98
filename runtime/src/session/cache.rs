//! A cache of sessions that were found live. Whatever this process ends is never answered from it.
//!
//! A look-up and the end of its session may overlap: the look-up reads the record, the session ends, and only then the look-up
//! stores what it read. So every end is counted, per session and per user. A look-up notes the counts before it reads, and its
//! result is used only as long as the counts are the same. The order in which the two write to the cache then does not matter.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::{SessionId, SessionRecord};
use crate::clock::Timestamp;

/// A fixed number of counters bounds the memory. Two keys that share one cost a look-up when either is counted.
const COUNTERS: usize = 1024;

/// Counters by key. Different keys may share one.
struct Counters {
    counters: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Counters {
    fn new() -> Self {
        let counters = std::iter::repeat_with(AtomicU64::default).take(COUNTERS).collect();
        Self { counters, hasher: RandomState::new() }
    }

    fn of(&self, key: impl Hash) -> &AtomicU64 {
        let hash = self.hasher.hash_one(key) % self.counters.len() as u64;
        &self.counters[hash as usize]
    }

    fn read(&self, key: impl Hash) -> u64 {
        self.of(key).load(Ordering::SeqCst)
    }

    fn count(&self, key: impl Hash) {
        self.of(key).fetch_add(1, Ordering::SeqCst);
    }
}

/// The result of a look-up.
#[derive(Clone)]
struct FoundLive {
    user_id: Box<str>,
    ends_at: Timestamp,
    access_not_before: Option<Timestamp>,
    lookup: Lookup,
}

/// The time and the counts at which a look-up began.
#[derive(Clone, Copy)]
pub(super) struct Lookup {
    began: Timestamp,
    ends_of_session: u64,
    ends_of_user: u64,
}

/// The sessions that end.
#[derive(Clone, Copy)]
pub(super) enum Ended<'a> {
    Session(&'a SessionId),
    AllOf(&'a str),
}

pub(super) struct LiveCache {
    found: Cache<SessionId, FoundLive>,
    ends_of_session: Counters,
    ends_of_user: Counters,
    max_age: Duration,
}

impl LiveCache {
    pub(super) fn new(max_age: Duration, capacity: usize) -> Self {
        Self {
            found: Cache::new(capacity),
            ends_of_session: Counters::new(),
            ends_of_user: Counters::new(),
            max_age,
        }
    }

    /// Whether a recent look-up shows that an access token of this session, user and time is still good. `false` does not mean
    /// that the session has ended: the store has to be asked.
    pub(super) fn vouches_for(
        &self,
        id: &SessionId,
        user_id: &str,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        self.found.get(id).is_some_and(|found| {
            *found.user_id == *user_id
                && now < found.ends_at
                && now.since(found.lookup.began) < self.max_age
                && found.access_not_before.is_none_or(|not_before| issued_at > not_before)
                && found.lookup.ends_of_session == self.ends_of_session.read(id)
                && found.lookup.ends_of_user == self.ends_of_user.read(user_id)
        })
    }

    /// Call this before the store is read: an end that is counted later makes the result unusable.
    pub(super) fn begin_lookup(&self, id: &SessionId, user_id: &str, now: Timestamp) -> Lookup {
        Lookup {
            began: now,
            ends_of_session: self.ends_of_session.read(id),
            ends_of_user: self.ends_of_user.read(user_id),
        }
    }

    /// Stores the record that the look-up found.
    pub(super) fn keep(&self, lookup: Lookup, record: &SessionRecord) {
        let found = FoundLive {
            user_id: record.user_id.as_str().into(),
            ends_at: record.idle_expires_at.min(record.absolute_expires_at),
            access_not_before: record.access_not_before,
            lookup,
        };
        self.found.insert(record.id, found);
    }

    /// The count alone makes older results unusable, also those that a look-up stores after this. Removing an entry only makes
    /// room, so the entries of a user need not be searched for.
    fn forget(&self, ended: Ended<'_>) {
        match ended {
            Ended::Session(id) => {
                self.ends_of_session.count(id);
                self.found.remove(id);
            }
            Ended::AllOf(user_id) => self.ends_of_user.count(user_id),
        }
    }
}

impl fmt::Debug for LiveCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCache").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

/// Makes the cache forget when it is dropped: after the write that ends sessions, even if that write failed or its future was
/// dropped halfway. The store may have carried it out in both cases.
pub(super) struct ForgetOnDrop<'a> {
    pub(super) cache: Option<&'a LiveCache>,
    pub(super) ended: Ended<'a>,
}

impl Drop for ForgetOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(cache) = self.cache {
            cache.forget(self.ended);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::TokenHash;
    use crate::testing::conformance::any_id;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn record() -> SessionRecord {
        let end = NOW + MINUTE * 60;
        SessionRecord::new(any_id().unwrap(), "ann", TokenHash::of("jti"), NOW, end, end)
    }

    fn vouches(cache: &LiveCache, record: &SessionRecord) -> bool {
        cache.vouches_for(&record.id, &record.user_id, NOW, NOW)
    }

    /// The session may end between the answer of the store and its entry in the cache.
    #[test]
    fn a_session_that_ends_during_its_lookup_is_not_remembered() {
        let cache = LiveCache::new(MINUTE, 10);
        for whole_user in [false, true] {
            let record = record();
            let lookup = cache.begin_lookup(&record.id, "ann", NOW);
            cache.forget(if whole_user { Ended::AllOf("ann") } else { Ended::Session(&record.id) });
            cache.keep(lookup, &record);
            assert!(!vouches(&cache, &record));
            cache.keep(cache.begin_lookup(&record.id, "ann", NOW), &record);
            assert!(vouches(&cache, &record));
        }
    }

    /// The caller that ends a session may go away before the store answers.
    #[test]
    fn an_end_whose_caller_went_away_is_forgotten_too() {
        let cache = LiveCache::new(MINUTE, 10);
        let record = record();
        cache.keep(cache.begin_lookup(&record.id, "ann", NOW), &record);
        let end = async {
            let _forget = ForgetOnDrop { cache: Some(&cache), ended: Ended::Session(&record.id) };
            std::future::pending::<()>().await;
        };
        let mut end = Box::pin(end);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(end.as_mut().poll(&mut context).is_pending());
        assert!(vouches(&cache, &record));
        drop(end);
        assert!(!vouches(&cache, &record));
    }

    #[test]
    fn others_are_remembered_when_one_is_forgotten() {
        let cache = LiveCache::new(MINUTE, 1000);
        let records: Vec<_> = (0..100).map(|_| record()).collect();
        for record in &records {
            cache.keep(cache.begin_lookup(&record.id, "ann", NOW), record);
        }
        cache.forget(Ended::Session(&records[0].id));
        assert!(!vouches(&cache, &records[0]));
        let left = records.iter().filter(|record| vouches(&cache, record)).count();
        assert!(left > 50, "{left}");
        cache.forget(Ended::AllOf("ann"));
        assert!(!records.iter().any(|record| vouches(&cache, record)));
    }

    #[test]
    fn it_holds_no_more_than_it_has_room_for() {
        let cache = LiveCache::new(MINUTE, 10);
        for _ in 0..1000 {
            let record = record();
            cache.keep(cache.begin_lookup(&record.id, "ann", NOW), &record);
        }
        assert!(cache.found.len() <= 10, "{}", cache.found.len());
    }
}
