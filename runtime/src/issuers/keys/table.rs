//! The keys of one set, and how long they are good.

use std::time::Duration;

use super::VerifyingKey;
use crate::clock::Timestamp;
use crate::issuers::discovery::Loaded;
use crate::issuers::published::{LeftOut, PublishedSet};
use crate::token::{Algorithm, Key, KeyLife};

/// How long a set is used after it was fetched while no other can be had.
const OUTAGE: Duration = Duration::from_secs(6 * 60 * 60);

/// How long a verification may be remembered without a look at the keys while a refresh is due. A refresh that failed is then repeated
/// even if all tokens are remembered.
const LEASH: Duration = Duration::from_secs(10);

/// A set that comes from so far in the future is older than it seems: the clock was set back.
const MOST_SKEW: Duration = Duration::from_secs(60);

/// The keys of a set that was fetched, or of one that never changes.
pub(super) struct KeyTable {
    keys: Vec<Row>,
    pub(super) left_out: Vec<LeftOut>,
    times: Times,
}

struct Row {
    kid: Option<String>,
    key: Key,
    life: KeyLife,
}

/// The times of a set, counted from when its fetch began.
#[derive(Clone, Copy)]
struct Times {
    fetched_at: Timestamp,
    refresh_at: Timestamp,
    fresh_until: Timestamp,
    usable_until: Timestamp,
}

/// What a set is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is younger than its age.
    Fresh,
    /// It is over its age, and the issuer cannot be reached.
    Kept,
    /// It is over its age, and the issuer has to be asked before it is used.
    Overdue,
    /// It is over its age, and over the time for which an outage is tolerated.
    TooOld,
}

impl Standing {
    pub(super) fn is_usable(self) -> bool {
        matches!(self, Self::Fresh | Self::Kept)
    }
}

impl KeyTable {
    /// Keys that are good for as long as the process runs.
    pub(super) fn at_hand(set: PublishedSet) -> Self {
        let never = Timestamp::from_unix(i64::MAX);
        let start = Timestamp::from_unix(i64::MIN);
        let times = Times { fetched_at: start, refresh_at: never, fresh_until: never, usable_until: never };
        Self::new(set, times, |_, _| KeyLife::forever())
    }

    /// Keys that were fetched. Those that were in the set before keep their lives, and the lives of the others end.
    pub(super) fn fetched(loaded: Loaded, fetched_at: Timestamp, before: Option<&Self>) -> Self {
        let fresh_until = fetched_at + loaded.age;
        let times = Times {
            fetched_at,
            refresh_at: fetched_at + loaded.age * 4 / 5,
            fresh_until,
            usable_until: fresh_until.max(fetched_at + OUTAGE),
        };
        let table = Self::new(loaded.set, times, |kid, key| {
            let same = before.and_then(|before| before.row_of(kid, key));
            let life = same.map_or_else(|| KeyLife::until(times.refresh_at), |row| row.life.clone());
            life.extend_to(times.refresh_at);
            life
        });
        for row in before.into_iter().flat_map(|before| &before.keys) {
            if table.row_of(row.kid.as_deref(), &row.key).is_none() {
                row.life.end();
            }
        }
        table
    }

    fn new(set: PublishedSet, times: Times, life: impl Fn(Option<&str>, &Key) -> KeyLife) -> Self {
        let keys = set.keys.into_iter().flat_map(|published| {
            let rows = published.keys.into_iter().map(|key| {
                let kid = published.kid.clone();
                Row { life: life(kid.as_deref(), &key), kid, key }
            });
            rows.collect::<Vec<_>>()
        });
        Self { keys: keys.collect(), left_out: set.left_out, times }
    }

    /// The row of exactly this key under this id.
    fn row_of(&self, kid: Option<&str>, key: &Key) -> Option<&Row> {
        self.keys.iter().find(|row| {
            row.kid.as_deref() == kid && row.key.algorithm() == key.algorithm() && row.key.is_same_key(key)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// What the set is good for. `in_outage` tells whether an attempt to fetch another failed just now.
    pub(super) fn standing(&self, now: Timestamp, in_outage: bool) -> Standing {
        let Times { fetched_at, fresh_until, usable_until, .. } = self.times;
        if now < fresh_until && now + MOST_SKEW >= fetched_at {
            Standing::Fresh
        } else if now >= usable_until {
            Standing::TooOld
        } else if in_outage {
            Standing::Kept
        } else {
            Standing::Overdue
        }
    }

    /// Whether the next set should be fetched.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        now >= self.times.refresh_at || now + MOST_SKEW < self.times.fetched_at
    }

    /// The key of this id for this algorithm. A named key is that key or none; without a name it is the only key for the algorithm.
    pub(super) fn get(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<VerifyingKey> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|row| row.key.algorithm() == algorithm && (kid.is_none() || row.kid.as_deref() == kid));
        let row = fitting.next()?;
        let is_only_one = fitting.next().is_none();
        is_only_one.then(|| VerifyingKey { key: row.key.clone(), life: row.life.clone() })
    }

    /// Lets what is verified with this key be remembered for a moment, though a refresh is due.
    pub(super) fn lend(&self, key: &VerifyingKey, now: Timestamp, standing: Standing) {
        let limit = match standing {
            Standing::Fresh => self.times.fresh_until,
            _ => self.times.usable_until,
        };
        key.life.extend_to(limit.min(now + LEASH));
    }

    /// Ends the lives of all keys.
    pub(super) fn end(&self) {
        self.keys.iter().for_each(|row| row.life.end());
    }
}
