//! Which fetch is under way, which one may begin, and what failed before.

use std::time::Duration;

use super::bucket::Bucket;
use crate::issuers::failure::Kind;

/// The time after a failure until the next attempt, in milliseconds: it doubles from the first to the last.
const FIRST_PAUSE: i64 = 1_000;
const LONGEST_PAUSE: i64 = 60_000;

/// The fetches of one issuer. At most one is under way.
#[derive(Default)]
pub(super) struct Flights {
    /// How many have begun.
    begun: u64,
    /// The number of the one whose result is waited for.
    under_way: Option<u64>,
    /// The number of the last one that was answered, well or badly.
    answered: u64,
    bucket: Bucket,
    failures: u32,
    /// When the next attempt may begin, in milliseconds of [`Clock::uptime`](crate::Clock::uptime).
    next_try: i64,
    /// The failure that was logged last, since the last success.
    pub(super) logged: Option<Kind>,
    /// Whether it was logged that tokens are refused because there are no keys.
    pub(super) has_logged_refusal: bool,
}

/// Why a fetch is wanted.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// The set is due, or there is none.
    Due,
    /// A token names a key that is not in the set.
    UnknownKey,
}

impl Flights {
    pub(super) fn under_way(&self) -> Option<u64> {
        self.under_way
    }

    /// Begins a fetch and returns its number, unless one is under way, the last one failed a moment ago, or too many unknown keys were
    /// asked for.
    pub(super) fn begin(&mut self, reason: Reason, uptime: i64) -> Option<u64> {
        if self.under_way.is_some() || self.pause(uptime) > 0 {
            return None;
        }
        if matches!(reason, Reason::UnknownKey) && !self.bucket.take(uptime) {
            return None;
        }
        self.begun += 1;
        self.under_way = Some(self.begun);
        self.under_way
    }

    /// Ends a fetch that was answered, well or badly. Returns whether the answer counts: a fetch from before
    /// [`supersede`](Self::supersede) may have read what was to be forgotten.
    pub(super) fn end(&mut self, number: u64) -> bool {
        let counts = self.give_up(number);
        if counts {
            self.answered = number;
        }
        counts
    }

    /// Ends a fetch without an answer. Returns whether it was the one under way.
    pub(super) fn give_up(&mut self, number: u64) -> bool {
        let is_under_way = self.under_way == Some(number);
        if is_under_way {
            self.under_way = None;
        }
        is_under_way
    }

    /// Whether the fetch of this number was answered, or a later one.
    pub(super) fn has_answered(&self, number: u64) -> bool {
        self.answered >= number
    }

    pub(super) fn succeeded(&mut self) {
        (self.failures, self.next_try) = (0, 0);
        (self.logged, self.has_logged_refusal) = (None, false);
    }

    pub(super) fn failed(&mut self, uptime: i64) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        self.next_try = uptime.saturating_add(pause);
        self.failures = self.failures.saturating_add(1);
    }

    /// Lets the next fetch begin at once, and the result of one that is under way not count.
    pub(super) fn supersede(&mut self) {
        self.under_way = None;
        (self.failures, self.next_try) = (0, 0);
    }

    /// How many have begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// The milliseconds until the next attempt may begin. A clock that was set back ends the pause.
    fn pause(&self, uptime: i64) -> i64 {
        let pause = self.next_try.saturating_sub(uptime);
        if (0..=LONGEST_PAUSE).contains(&pause) { pause } else { 0 }
    }

    /// After how many whole seconds to ask again.
    pub(super) fn retry_after(&self, uptime: i64) -> Duration {
        let millis = u64::try_from(self.pause(uptime)).unwrap_or(0);
        Duration::from_secs(millis.div_ceil(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_second_to_a_minute() {
        let mut flights = Flights::default();
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            flights.failed(5_000);
            assert_eq!(flights.retry_after(5_000), Duration::from_secs(expected));
            assert!(flights.begin(Reason::Due, 5_000 + expected as i64 * 1_000 - 1).is_none());
        }
        let number = flights.begin(Reason::Due, 65_000).unwrap();
        assert!(flights.begin(Reason::Due, 65_000).is_none(), "one is under way");
        assert!(flights.end(number));
        flights.succeeded();
        flights.failed(70_000);
        assert_eq!(flights.retry_after(70_000), Duration::from_secs(1));
    }

    #[test]
    fn a_superseded_fetch_does_not_count() {
        let mut flights = Flights::default();
        let first = flights.begin(Reason::Due, 0).unwrap();
        flights.supersede();
        let second = flights.begin(Reason::Due, 0).unwrap();
        assert!(!flights.end(first));
        assert_eq!(flights.under_way(), Some(second));
        assert!(flights.end(second));
    }
}
