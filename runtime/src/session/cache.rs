//! A short memory of sessions that were found live, and no memory of those that were ended here.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::{SessionId, SessionRecord};
use crate::clock::Timestamp;

/// That a session or a user is counted for another costs a look-up.
const COUNTERS: usize = 1024;

/// Counts by key, with keys that share a counter.
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

/// What a look-up found, good until `max_age` later or until the session or its user is counted.
#[derive(Clone)]
struct Sighting {
    user_id: Box<str>,
    ends_at: Timestamp,
    access_not_before: Option<Timestamp>,
    draft: Draft,
}

/// When a look-up began, and how often sessions had been ended by then.
///
/// A session that is ended while it is looked up has been counted when the look-up comes to be believed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    began: Timestamp,
    ends_of_session: u64,
    ends_of_user: u64,
}

/// Whose sessions end.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    Session(&'a SessionId),
    User(&'a str),
}

pub(super) struct LiveCache {
    sightings: Cache<SessionId, Sighting>,
    ended_sessions: Counters,
    ended_users: Counters,
    max_age: Duration,
}

impl LiveCache {
    pub(super) fn new(max_age: Duration, capacity: usize) -> Self {
        Self {
            sightings: Cache::new(capacity),
            ended_sessions: Counters::new(),
            ended_users: Counters::new(),
            max_age,
        }
    }

    /// Whether a look-up that is young enough answers for an access token of this session, user and time. It never says that
    /// a session has ended: whatever it does not vouch for, the store is asked.
    pub(super) fn vouches_for(
        &self,
        id: &SessionId,
        user_id: &str,
        issued_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        self.sightings.get(id).is_some_and(|seen| {
            *seen.user_id == *user_id
                && now < seen.ends_at
                && now.since(seen.draft.began) < self.max_age
                && seen.access_not_before.is_none_or(|not_before| issued_at > not_before)
                && seen.draft.ends_of_session == self.ended_sessions.read(id)
                && seen.draft.ends_of_user == self.ended_users.read(user_id)
        })
    }

    /// To be called before the store is asked.
    pub(super) fn draft(&self, id: &SessionId, user_id: &str, now: Timestamp) -> Draft {
        Draft {
            began: now,
            ends_of_session: self.ended_sessions.read(id),
            ends_of_user: self.ended_users.read(user_id),
        }
    }

    /// Remembers what the store said.
    pub(super) fn keep(&self, draft: Draft, record: &SessionRecord) {
        let sighting = Sighting {
            user_id: record.user_id.as_str().into(),
            ends_at: record.idle_expires_at.min(record.absolute_expires_at),
            access_not_before: record.access_not_before,
            draft,
        };
        self.sightings.insert(record.id.clone(), sighting);
    }

    /// Counts first, so that nothing that was drafted before is believed; removing only makes room.
    fn forget(&self, whose: Whose<'_>) {
        match whose {
            Whose::Session(id) => {
                self.ended_sessions.count(id);
                self.sightings.remove(id);
            }
            Whose::User(user_id) => self.ended_users.count(user_id),
        }
    }
}

impl fmt::Debug for LiveCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveCache").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

/// Makes the cache forget when it is dropped: after the write, also when that failed or nobody waited for it to end.
pub(super) struct Forgetting<'a> {
    pub(super) cache: Option<&'a LiveCache>,
    pub(super) whose: Whose<'a>,
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        if let Some(cache) = self.cache {
            cache.forget(self.whose);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::TokenHash;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn record() -> SessionRecord {
        let end = NOW + MINUTE * 60;
        SessionRecord::new(SessionId::generate().unwrap(), "ann", TokenHash::of("jti"), NOW, end, end)
    }

    fn vouches(cache: &LiveCache, record: &SessionRecord) -> bool {
        cache.vouches_for(&record.id, &record.user_id, NOW, NOW)
    }

    /// Between the store's answer and its being remembered, the session may end.
    #[test]
    fn what_ended_while_it_was_looked_up_is_not_remembered() {
        let cache = LiveCache::new(MINUTE, 10);
        for whole_user in [false, true] {
            let record = record();
            let draft = cache.draft(&record.id, "ann", NOW);
            cache.forget(if whole_user { Whose::User("ann") } else { Whose::Session(&record.id) });
            cache.keep(draft, &record);
            assert!(!vouches(&cache, &record));
            cache.keep(cache.draft(&record.id, "ann", NOW), &record);
            assert!(vouches(&cache, &record));
        }
    }

    /// Whoever ends a session may not wait for the answer of the store, or get none.
    #[test]
    fn an_end_that_nobody_waited_for_is_forgotten_too() {
        let cache = LiveCache::new(MINUTE, 10);
        let record = record();
        cache.keep(cache.draft(&record.id, "ann", NOW), &record);
        let end = async {
            let _forgetting = Forgetting { cache: Some(&cache), whose: Whose::Session(&record.id) };
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
            cache.keep(cache.draft(&record.id, "ann", NOW), record);
        }
        cache.forget(Whose::Session(&records[0].id));
        assert!(!vouches(&cache, &records[0]));
        let left = records.iter().filter(|record| vouches(&cache, record)).count();
        assert!(left > 50, "{left}");
        cache.forget(Whose::User("ann"));
        assert!(!records.iter().any(|record| vouches(&cache, record)));
    }

    #[test]
    fn it_holds_no_more_than_it_has_room_for() {
        let cache = LiveCache::new(MINUTE, 10);
        for _ in 0..1000 {
            let record = record();
            cache.keep(cache.draft(&record.id, "ann", NOW), &record);
        }
        assert!(cache.sightings.len() <= 10, "{}", cache.sightings.len());
    }
}
