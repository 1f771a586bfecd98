//! The life of a key in times, and what follows from the times at a moment. Nothing in here reads a clock.

use std::time::Duration;

use crate::clock::Timestamp;

/// The most that the clocks of two servers differ: the greatest leeway.
pub(super) const MOST_SKEW: Duration = Duration::from_secs(300);
/// The longest life of an access token and the longest leeway.
pub(super) const LONGEST_GRACE: Duration = Duration::from_secs(24 * 60 * 60 + 300);
/// How long a key stays in the store after the last of its tokens: another server may have a slower clock.
const KEPT_AFTER: Duration = Duration::from_secs(600);

/// When a key is announced, signs and is retired.
///
/// Servers do not tell each other that a key begins to sign. They read its times from the store, ahead, and each acts by its own clock, so a
/// store that does not answer delays no rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) announced_at: Timestamp,
    pub(super) signs_from: Timestamp,
    /// When the next key signs, once it is known.
    pub(super) signs_until: Option<Timestamp>,
}

impl Life {
    /// A key that signs at once, because there is no other.
    pub(super) fn from(now: Timestamp) -> Self {
        Self { announced_at: now, signs_from: now, signs_until: None }
    }

    fn signs_at(&self, now: Timestamp) -> bool {
        self.signs_from <= now && self.signs_until.is_none_or(|until| now < until)
    }

    pub(super) fn is_announced_at(&self, now: Timestamp) -> bool {
        self.signs_from > now
    }

    /// Until when tokens of the key may be valid. A server signs with it until `signs_until` by its own clock, and the times in the token are
    /// of that clock too, so the difference of two clocks does not count here; the leeway is part of `grace`.
    pub(super) fn accepted_until(&self, grace: Duration) -> Option<Timestamp> {
        self.signs_until.map(|until| until + grace)
    }

    pub(super) fn is_accepted_at(&self, now: Timestamp, grace: Duration) -> bool {
        self.accepted_until(grace).is_none_or(|until| now < until)
    }

    /// Whether no server accepts the key any more, however long the tokens of each live. While a deployment changes that, servers with both
    /// lives share the store, and none may remove a key that another one accepts.
    pub(super) fn is_over_at(&self, now: Timestamp) -> bool {
        self.accepted_until(LONGEST_GRACE).is_some_and(|until| now >= until + KEPT_AFTER)
    }

    /// The moments at which something changes for the servers that have the key.
    fn changes(&self, grace: Duration) -> impl Iterator<Item = Timestamp> {
        [Some(self.signs_from), self.signs_until, self.accepted_until(grace)].into_iter().flatten()
    }
}

/// The place of the key that signs. Where none does by this clock, it is the next one that will: the key of a server whose clock is ahead.
pub(super) fn signing(lives: &[Life], now: Timestamp) -> Option<usize> {
    let places = || 0..lives.len();
    let current =
        places().filter(|place| lives[*place].signs_at(now)).max_by_key(|place| lives[*place].signs_from);
    let next = || {
        let announced = places().filter(|place| lives[*place].is_announced_at(now));
        announced.min_by_key(|place| lives[*place].signs_from)
    };
    current.or_else(next).or_else(|| places().max_by_key(|place| lives[*place].signs_until))
}

/// The next moment after `now` at which the keys in use change.
pub(super) fn next_change(lives: &[Life], now: Timestamp, grace: Duration) -> Option<Timestamp> {
    lives.iter().flat_map(|life| life.changes(grace)).filter(|moment| *moment > now).min()
}

/// The next moment at which a key leaves.
pub(super) fn next_end(lives: &[Life], now: Timestamp, grace: Duration) -> Option<Timestamp> {
    lives.iter().filter_map(|life| life.accepted_until(grace)).filter(|moment| *moment > now).min()
}

/// When keys are exchanged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) rotate_after: Duration,
    pub(super) announce_for: Duration,
}

impl Schedule {
    /// Whether the next key of this one has to be announced by now.
    pub(super) fn is_due(&self, current: &Life, now: Timestamp) -> bool {
        now + self.announce_for >= current.signs_from + self.rotate_after
    }

    /// The first moment at which a key may sign that is announced now.
    pub(super) fn announced(&self, now: Timestamp) -> Life {
        Life { announced_at: now, signs_from: now + self.announce_for, signs_until: None }
    }

    /// When a key that was announced may sign at the earliest.
    pub(super) fn earliest(&self, announced: &Life, now: Timestamp) -> Timestamp {
        (announced.announced_at + self.announce_for).max(now)
    }
}
