//! A short memory of sessions that were found live, and no memory of those that were ended here.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::{SessionId, SessionRecord};
use crate::clock::Timestamp;

/// Sessions and users share counters; that one of them is counted for another costs a look-up.
const COUNTERS: usize = 1024;

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
    ends: Box<[AtomicU64]>,
    hasher: RandomState,
    max_age: Duration,
}

impl LiveCache {
    pub(super) fn new(max_age: Duration, capacity: usize) -> Self {
        Self {
            sightings: Cache::new(capacity),
            ends: std::iter::repeat_with(AtomicU64::default).take(COUNTERS).collect(),
            hasher: RandomState::new(),
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
                && seen.draft.ends_of_session == self.counter(id).load(Ordering::SeqCst)
                && seen.draft.ends_of_user == self.counter(user_id).load(Ordering::SeqCst)
        })
    }

    /// To be called before the store is asked.
    pub(super) fn draft(&self, id: &SessionId, user_id: &str, now: Timestamp) -> Draft {
        Draft {
            began: now,
            ends_of_session: self.counter(id).load(Ordering::SeqCst),
            ends_of_user: self.counter(user_id).load(Ordering::SeqCst),
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

    fn forget(&self, whose: Whose<'_>) {
        match whose {
            Whose::Session(id) => {
                self.counter(id).fetch_add(1, Ordering::SeqCst);
                self.sightings.remove(id);
            }
            Whose::User(user_id) => {
                self.counter(user_id).fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn counter(&self, key: impl Hash) -> &AtomicU64 {
        let hash = self.hasher.hash_one(key) % self.ends.len() as u64;
        &self.ends[hash as usize]
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
