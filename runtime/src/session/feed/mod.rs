//! What this server has heard of the sessions that end, on every server of the deployment.
//!
//! Whatever ends a session, or its access tokens, is announced in the store's log before it is done. A server reads the log again
//! as soon as its last reading is older than [`FRESH`]. A session of which nothing was heard is live, without a look-up. One that was
//! named is asked of the store each time, so an announcement that comes too early, or of something that then fails, does no harm.
//!
//! Three things are not known from the log, and the store is asked: a token from before this server began to listen, one that is
//! older than what this server remembers, and everything while the log cannot be read.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::{Cursor, Ending, ErasedStore, SessionId, StoreError};
use crate::clock::{Clock, Timestamp};

/// How long a reading of the log is believed, in milliseconds. A session that ended is refused everywhere after about this time.
const FRESH: i64 = 400;

/// How long the log keeps an announcement. A server that reads it for the first time, or again after a gap, hears of all endings
/// of this time.
pub(super) const KEPT_IN_LOG: Duration = Duration::from_secs(10 * 60);

/// The largest difference of two clocks, as for the [leeway](crate::token::TokenSettings::leeway) of tokens.
const MOST_SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest gap between two readings after which the log still has what this server missed, even if clocks differ.
const LONGEST_GAP: Duration = Duration::from_secs(4 * 60);

/// How long endings are remembered unless [`Feed::new`] is told otherwise: the longest life of an access token, with leeway.
pub(super) const DEFAULT_MEMORY: Duration = Duration::from_secs(24 * 60 * 60 + 5 * 60);

/// How many endings are remembered. With more of them the oldest memories are given up, and older tokens are asked of the store.
const CAPACITY: usize = 100_000;

pub(super) struct Feed {
    heard: RwLock<Heard>,
    is_being_read: AtomicBool,
    /// The store keeps no log.
    is_missing: AtomicBool,
    memory: Duration,
}

#[derive(Default)]
struct Heard {
    endings: HashMap<Ending, Timestamp>,
    /// In the order in which they were heard. One that was heard again is in it twice.
    order: VecDeque<(Timestamp, Ending)>,
    of_users: usize,
    read_to: Option<ReadTo>,
    /// Tokens that were issued at this time or before are not known.
    unknown_until: Option<Timestamp>,
}

/// How far the log was read, and when that reading began.
struct ReadTo {
    cursor: Cursor,
    millis: i64,
    at: Timestamp,
}

/// An access token that is to be judged.
#[derive(Clone, Copy)]
pub(super) struct Issued<'a> {
    pub(super) session: &'a SessionId,
    pub(super) tag: &'a [u8; 16],
    pub(super) at: Timestamp,
}

impl Feed {
    /// `memory` is the time for which access tokens are good.
    pub(super) fn new(memory: Duration) -> Self {
        Self {
            heard: RwLock::default(),
            is_being_read: AtomicBool::new(false),
            is_missing: AtomicBool::new(false),
            memory,
        }
    }

    /// Whether the store keeps no log, as far as is known.
    pub(super) fn is_missing(&self) -> bool {
        self.is_missing.load(Ordering::Relaxed)
    }

    /// Whether nothing was heard against the token, and something would have been heard. `false` says nothing about it.
    pub(super) fn vouches_for(&self, token: Issued<'_>, now: Timestamp, clock: &dyn Clock) -> bool {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        let Some(read_to) = &heard.read_to else { return false };
        is_fresh(read_to.millis, clock.millis())
            && heard.unknown_until.is_none_or(|until| token.at > until)
            && now.since(token.at) < self.memory
            && !heard.endings.contains_key(&Ending::Session(*token.session))
            && (heard.of_users == 0 || !heard.endings.contains_key(&Ending::OfUser(*token.tag)))
    }

    /// Reads the log if the last reading is not fresh, and no other request is reading it.
    pub(super) async fn catch_up(
        &self,
        store: &dyn ErasedStore,
        now: Timestamp,
        clock: &dyn Clock,
    ) -> Result<(), StoreError> {
        // Before the log is read: what is announced during the reading may be missing in it.
        let millis = clock.millis();
        let cursor = match &self.heard.read().unwrap_or_else(PoisonError::into_inner).read_to {
            Some(read_to) if is_fresh(read_to.millis, millis) => return Ok(()),
            Some(read_to) if now.since(read_to.at) <= LONGEST_GAP => Some(read_to.cursor.clone()),
            _ => None,
        };
        if self.is_missing() || self.is_being_read.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let _reading = Reading(&self.is_being_read);
        let Some(read) = store.endings(cursor.as_ref()).await? else {
            self.is_missing.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        if cursor.is_none() {
            heard.unknown_until = heard.unknown_until.max(Some(now));
        }
        heard.read_to = Some(ReadTo { cursor: read.next, millis, at: now });
        self.note(&mut heard, &read.endings, now);
        Ok(())
    }

    /// Notes what this server is about to announce, if it listens at all.
    pub(super) fn note_own(&self, endings: &[Ending], now: Timestamp) {
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        if heard.read_to.is_some() {
            self.note(&mut heard, endings, now);
        }
    }

    fn note(&self, heard: &mut Heard, endings: &[Ending], now: Timestamp) {
        for ending in endings {
            if heard.endings.insert(*ending, now).is_none() {
                heard.of_users += usize::from(matches!(ending, Ending::OfUser(_)));
            }
            heard.order.push_back((now, *ending));
        }
        // A token that was issued before an ending is no older than the ending, but for the difference of two clocks.
        let kept = self.memory + MOST_SKEW;
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
                heard.unknown_until = heard.unknown_until.max(Some(at + MOST_SKEW));
            }
        }
    }
}

/// A clock that was set back makes a reading old.
fn is_fresh(read: i64, now: i64) -> bool {
    (0..FRESH).contains(&now.saturating_sub(read))
}

/// Ends the reading, also when its request goes away halfway.
struct Reading<'a>(&'a AtomicBool);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("memory", &self.memory).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
