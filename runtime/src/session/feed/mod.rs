//! What this server has heard of the sessions that end, on every server of the deployment.
//!
//! Whatever ends a session, or its access tokens, is announced in the store's log before it is done. A server reads the log again
//! when a request comes for which its last reading is older than [`FRESH`]. A session of which nothing was heard is live, without a look-up. One that was
//! named is asked of the store each time, so an announcement that comes too early, or of something that then fails, does no harm.
//!
//! Three things are not known from the log, and the store is asked: a token from before this server began to listen, one that is
//! older than what this server remembers, and everything while the log cannot be read.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Cursor, Ending, ErasedStore, Owner, PartitionSalt, SessionId, StoreError};
use crate::clock::{Clock, Timestamp};

/// How old a reading may be when a request comes that believes it, in milliseconds. A request for which it is too old waits for the
/// next one.
const FRESH: i64 = 400;

/// How long the log keeps an announcement. A server that reads it for the first time, or again after a gap, hears of all endings
/// of this time.
pub(super) const KEPT_IN_LOG: Duration = Duration::from_secs(15 * 60);

/// The largest difference of two clocks, as for the [leeway](crate::token::TokenSettings::leeway) of tokens.
const MOST_SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest gap between two readings after which the log still has what this server missed, even if clocks differ. In milliseconds.
const LONGEST_GAP: i64 = 4 * 60 * 1000;

/// How long endings are remembered unless [`Feed::new`] is told otherwise: the longest life of an access token, with leeway.
pub(super) const DEFAULT_MEMORY: Duration = Duration::from_secs(24 * 60 * 60 + 5 * 60);

/// How many endings are remembered. With more of them the oldest memories are given up, and older tokens are asked of the store.
const CAPACITY: usize = 100_000;

/// An ending that is heard again within this time is not noted again, so that repeating one fills no memory.
const SAME: Duration = Duration::from_secs(60);

pub(super) struct Feed {
    heard: RwLock<Heard>,
    /// Held while the log is read. Requests that need the same reading wait for it.
    reading: Mutex<()>,
    /// How many readings have begun.
    readings: AtomicU64,
    /// The store keeps no log.
    is_missing: AtomicBool,
    memory: Duration,
}

#[derive(Default)]
struct Heard {
    endings: HashMap<Ending, Timestamp>,
    /// In the order in which they were heard. One that was heard again later is in it twice.
    order: VecDeque<(Timestamp, Ending)>,
    of_users: usize,
    read_to: Option<ReadTo>,
    /// The last attempt to read, whether it succeeded or not.
    tried: Option<Reading>,
    /// Tokens that were issued at this time or before are not known.
    unknown_until: Option<Timestamp>,
}

/// How far the log was read, and when that reading began.
struct ReadTo {
    cursor: Cursor,
    reading: Reading,
}

/// A reading of the log: when it began, and how many had begun before.
#[derive(Clone, Copy)]
struct Reading {
    number: u64,
    began: Moment,
}

/// The arrival of a request: when it was, and how many readings had begun before.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    readings: u64,
    at: Moment,
}

impl Reading {
    /// Whether it shows all that was announced more than [`FRESH`] before the request came.
    fn is_fresh_for(self, arrival: Arrival) -> bool {
        self.number >= arrival.readings || self.began.before(arrival.at).is_some_and(|age| age < FRESH)
    }
}

/// A point in time by both clocks, in milliseconds. The one that is never set does not count a pause of the machine, so the larger
/// of two differences is the right one. A clock that was set back tells nothing.
#[derive(Clone, Copy)]
struct Moment {
    uptime: i64,
    millis: i64,
}

impl Moment {
    fn now(clock: &dyn Clock) -> Self {
        Self { uptime: clock.uptime(), millis: clock.millis() }
    }

    /// How long before `other` this was, at the most; `None` if a clock was set back in between.
    fn before(self, other: Self) -> Option<i64> {
        let by_uptime = other.uptime.saturating_sub(self.uptime);
        let by_clock = other.millis.saturating_sub(self.millis);
        (by_uptime >= 0 && by_clock >= 0).then_some(by_uptime.max(by_clock))
    }
}

/// An access token that is to be judged.
#[derive(Clone, Copy)]
pub(super) struct Issued<'a> {
    pub(super) session: &'a SessionId,
    pub(super) user_id: &'a str,
    pub(super) salt: PartitionSalt,
    pub(super) at: Timestamp,
}

impl Issued<'_> {
    /// The hash costs more than all the rest, and is asked for only while sessions of whole users have ended.
    fn of_user(&self) -> Ending {
        Ending::of_user(&Owner::new(&self.salt, self.user_id))
    }
}

impl Feed {
    /// `memory` is the time for which access tokens are good.
    pub(super) fn new(memory: Duration) -> Self {
        Self {
            heard: RwLock::default(),
            reading: Mutex::new(()),
            readings: AtomicU64::new(0),
            is_missing: AtomicBool::new(false),
            memory,
        }
    }

    /// Whether the store keeps no log, as far as is known.
    pub(super) fn is_missing(&self) -> bool {
        self.is_missing.load(Ordering::Relaxed)
    }

    fn heard(&self) -> RwLockReadGuard<'_, Heard> {
        self.heard.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard_mut(&self) -> RwLockWriteGuard<'_, Heard> {
        self.heard.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The arrival of a request. Everything else that it needs is read later.
    pub(super) fn arrival(&self, clock: &dyn Clock) -> Arrival {
        Arrival { readings: self.readings.load(Ordering::SeqCst), at: Moment::now(clock) }
    }

    /// Whether nothing was heard against the token of a request, and something would have been heard. `false` says nothing about it.
    pub(super) fn vouches_for(&self, token: Issued<'_>, now: Timestamp, arrival: Arrival) -> bool {
        let heard = self.heard();
        let Some(read_to) = &heard.read_to else { return false };
        read_to.reading.is_fresh_for(arrival)
            && heard.unknown_until.is_none_or(|until| token.at > until)
            && now.since(token.at) < self.memory
            && !heard.endings.contains_key(&Ending::Session(*token.session))
            && (heard.of_users == 0 || !heard.endings.contains_key(&token.of_user()))
    }

    /// Reads the log, unless a reading is fresh for this request, or has just failed.
    pub(super) async fn catch_up(
        &self,
        store: &dyn ErasedStore,
        clock: &dyn Clock,
        now: Timestamp,
        arrival: Arrival,
    ) -> Result<(), StoreError> {
        let _turn = self.reading.lock().await;
        // Before the log is read: what is announced during the reading may be missing in it.
        let (reading, cursor) = {
            let mut heard = self.heard_mut();
            if self.is_missing() || heard.tried.is_some_and(|tried| tried.is_fresh_for(arrival)) {
                return Ok(());
            }
            let began = Moment::now(clock);
            let reading = Reading { number: self.readings.fetch_add(1, Ordering::SeqCst), began };
            heard.tried = Some(reading);
            let goes_on =
                |read_to: &&ReadTo| read_to.reading.began.before(began).is_some_and(|gap| gap <= LONGEST_GAP);
            (reading, heard.read_to.as_ref().filter(goes_on).map(|read_to| read_to.cursor.clone()))
        };
        let Some(read) = store.endings(cursor.as_ref()).await? else {
            self.is_missing.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let mut heard = self.heard_mut();
        if cursor.is_none() {
            heard.unknown_until = heard.unknown_until.max(Some(now));
        }
        heard.read_to = Some(ReadTo { cursor: read.next, reading });
        self.note(&mut heard, &read.endings, now);
        Ok(())
    }

    /// Notes what this server is about to announce, if it listens at all.
    pub(super) fn note_own(&self, endings: &[Ending], now: Timestamp) {
        let mut heard = self.heard_mut();
        if heard.read_to.is_some() {
            self.note(&mut heard, endings, now);
        }
    }

    fn note(&self, heard: &mut Heard, endings: &[Ending], now: Timestamp) {
        for ending in endings {
            let before = heard.endings.get(ending).copied();
            if before.is_some_and(|before| now.since(before) < SAME) {
                continue;
            }
            if before.is_none() {
                heard.of_users += usize::from(matches!(ending, Ending::OfUser(_)));
            }
            heard.endings.insert(*ending, now);
            heard.order.push_back((now, *ending));
        }
        // A token that was issued before an ending is no older than the ending, but for the difference of two clocks.
        let kept = self.memory + MOST_SKEW + SAME;
        while let Some((at, ending)) = heard.order.front().copied() {
            let is_full = heard.order.len() > CAPACITY;
            if now.since(at) <= kept && !is_full {
                break;
            }
            heard.order.pop_front();
            if heard.endings.get(&ending) == Some(&at) {
                heard.endings.remove(&ending);
                heard.of_users -= usize::from(matches!(ending, Ending::OfUser(_)));
            }
            if is_full {
                heard.unknown_until = heard.unknown_until.max(Some(at + MOST_SKEW + SAME));
            }
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("memory", &self.memory).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
