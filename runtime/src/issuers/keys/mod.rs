//! The keys of one issuer, kept in this process.
//!
//! A set of keys has an age, which the issuer says. Within it a known key is used at once. At 80 % of it the next use of a key fetches
//! the next set behind the scenes. A set over its age is replaced before it is used; only while the issuer cannot be reached it is used
//! further, for 6 hours. An idle server asks for nothing.
//!
//! One fetch is under way at most. It runs in a task of its own, and all requests that need it wait for the same one. While the issuer
//! cannot be reached no request waits: the answer is what is known, and attempts go on behind the scenes, with pauses between them.
//!
//! An unknown key id is asked for at once, as often as the bucket allows; known ids and the age of the set do not depend on it. Each
//! issuer has keys of its own, so the same id at two issuers is two keys.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;

use self::flights::{Flights, Reason};
use self::table::{KeyTable, Standing};
use super::discovery::Remote;
use super::published::PublishedSet;
use crate::clock::{Clock, Timestamp};
use crate::token::Algorithm;

mod bucket;
mod flight;
mod flights;
mod found;
mod landing;
mod table;

pub(crate) use self::found::{Found, VerifyingKey};

/// How long after a failed fetch the issuer counts as not reachable. While requests come, attempts are at most a minute apart; after a
/// longer silence the set is as good as the next attempt says.
const OUTAGE_IS_KNOWN: Duration = Duration::from_secs(2 * 60);

/// How often one caller asks again, if the fetch that it waited for was given up or overtaken.
const MOST_TURNS: usize = 3;

/// The keys of one issuer. Clones are the same keys.
#[derive(Clone)]
pub(crate) struct IssuerKeys(Arc<Inner>);

struct Inner {
    issuer: String,
    clock: Arc<dyn Clock>,
    remote: Option<Remote>,
    /// Written only while `flights` is locked. Neither lock is held while a fetch is under way.
    known: RwLock<Known>,
    flights: Mutex<Flights>,
    /// The number of the last fetch that ended.
    landed: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    table: Option<KeyTable>,
    /// When the last fetch failed, if none has succeeded since.
    failed_at: Option<Timestamp>,
}

/// What a caller does next.
enum Step {
    Answer(Found),
    /// Wait for the fetch of this number.
    Wait(u64),
    /// Wait for the fetch of this number, which is for the caller to launch.
    Launch(u64),
    /// Launch the fetch of this number and answer at once.
    LaunchBehind(u64, Found),
}

impl IssuerKeys {
    /// The keys of an issuer that are fetched from time to time. Nothing is asked before [`start`](Self::start) or the first look-up.
    pub(crate) fn remote(issuer: impl Into<String>, remote: Remote, clock: Arc<dyn Clock>) -> Self {
        Self::new(issuer.into(), Some(remote), None, clock)
    }

    /// Keys that the application has at hand, which never change.
    pub(crate) fn at_hand(issuer: impl Into<String>, set: PublishedSet, clock: Arc<dyn Clock>) -> Self {
        let issuer = issuer.into();
        set.left_out.iter().for_each(|left_out| left_out.log(&issuer));
        Self::new(issuer, None, Some(KeyTable::at_hand(set)), clock)
    }

    fn new(issuer: String, remote: Option<Remote>, table: Option<KeyTable>, clock: Arc<dyn Clock>) -> Self {
        let known = RwLock::new(Known { table, failed_at: None });
        let (landed, _) = watch::channel(0);
        Self(Arc::new(Inner { issuer, clock, remote, known, flights: Mutex::default(), landed }))
    }

    /// Fetches the first set in a task of its own, as often as it takes. Without a runtime of tokio, the first look-up does it.
    pub(crate) fn start(&self) {
        flight::fetch_first_set(&self.0);
    }

    /// The key for tokens with this `kid` and `alg`, if it can be used without waiting. Otherwise
    /// [`find_or_fetch`](Self::find_or_fetch) says why.
    pub(crate) fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Option<VerifyingKey> {
        let known = self.0.known();
        let table = known.table.as_ref()?;
        let standing = known.standing(table, now);
        let key = table.get(kid, algorithm).filter(|_| standing.is_usable())?;
        if table.is_due(now) {
            table.lend(&key, now, standing);
            drop(known);
            flight::fetch_behind(&self.0);
        }
        Some(key)
    }

    /// The key for tokens with this `kid` and `alg`, which is fetched if need be. A known key never waits.
    pub(crate) async fn find_or_fetch(&self, kid: Option<&str>, algorithm: Algorithm) -> Found {
        let mut waited_for = None;
        for _ in 0..MOST_TURNS {
            if let Some(key) = self.find(kid, algorithm, self.0.clock.now()) {
                return Found::Key(key);
            }
            // Launched here, where nothing is locked: a runtime that shuts down drops the fetch at once, which locks.
            let (number, answer) = match self.step(kid, algorithm, waited_for) {
                Step::Answer(found) => return found,
                Step::Wait(number) => {
                    self.0.wait_for(number).await;
                    waited_for = Some(number);
                    continue;
                }
                Step::Launch(number) => (number, None),
                Step::LaunchBehind(number, found) => (number, Some(found)),
            };
            match (flight::launch(&self.0, number), answer) {
                (Some(flight), _) => flight.run().await,
                (None, Some(found)) => return found,
                (None, None) => self.0.wait_for(number).await,
            }
            waited_for = Some(number);
        }
        self.0.unavailable(&self.0.flights())
    }

    /// Makes all keys unknown at once, as after a compromise of the issuer; whatever was verified with them does not count any more. They
    /// are fetched again when the next token comes. Does nothing to keys at hand.
    pub(crate) fn forget(&self) {
        let Some(remote) = &self.0.remote else { return };
        let mut flights = self.0.flights();
        remote.forget();
        flights.supersede();
        let mut known = self.0.known_mut();
        if let Some(table) = std::mem::take(&mut *known).table {
            table.end();
        }
        drop(known);
        self.0.wake(flights.begun());
    }

    /// `waited_for` is the number of the fetch that this caller has waited for.
    fn step(&self, kid: Option<&str>, algorithm: Algorithm, waited_for: Option<u64>) -> Step {
        let inner = &self.0;
        let mut flights = inner.flights();
        let (now, uptime) = (inner.clock.now(), inner.clock.uptime());
        let (standing, in_outage, has_keys) = {
            let known = inner.known();
            let standing = known.table.as_ref().map(|table| (table, known.standing(table, now)));
            // A fetch may have ended since the first look.
            if let Some((table, standing)) = standing
                && let Some(key) = table.get(kid, algorithm).filter(|_| standing.is_usable())
            {
                table.lend(&key, now, standing);
                return Step::Answer(Found::Key(key));
            }
            let has_keys = standing.is_some_and(|(table, _)| table.len() > 0);
            (standing.map(|(_, standing)| standing), known.is_in_outage(now), has_keys)
        };
        // An issuer without a key is not one whose tokens are all bad: it starts, or something answers in its place.
        let unknown = |flights: &Flights| match has_keys {
            true => Step::Answer(Found::Unknown),
            false => Step::Answer(inner.unavailable_in(standing, flights)),
        };
        let reason = match standing {
            Some(Standing::Fresh) => Reason::UnknownKey,
            _ => Reason::Due,
        };
        if inner.remote.is_none() {
            return Step::Answer(Found::Unknown);
        }
        if in_outage {
            let begun = flights.begin(reason, uptime);
            let answer = inner.unavailable_in(standing, &flights);
            return match begun {
                Some(number) => Step::LaunchBehind(number, answer),
                None => Step::Answer(answer),
            };
        }
        let has_answer = waited_for.is_some_and(|number| flights.has_answered(number));
        if has_answer && matches!(reason, Reason::UnknownKey) {
            return unknown(&flights);
        }
        if let Some(number) = flights.under_way() {
            return Step::Wait(number);
        }
        match flights.begin(reason, uptime) {
            Some(number) => Step::Launch(number),
            None if matches!(reason, Reason::UnknownKey) => unknown(&flights),
            None => Step::Answer(inner.unavailable_in(standing, &flights)),
        }
    }
}

impl Known {
    fn is_in_outage(&self, now: Timestamp) -> bool {
        self.failed_at.is_some_and(|at| now.since(at) < OUTAGE_IS_KNOWN)
    }

    fn standing(&self, table: &KeyTable, now: Timestamp) -> Standing {
        table.standing(now, self.is_in_outage(now))
    }
}

impl Inner {
    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the fetch of this number has ended, or a later one.
    async fn wait_for(&self, number: u64) {
        // An error says that the sender is gone, which is a part of this.
        let _ = self.landed.subscribe().wait_for(|landed| *landed >= number).await;
    }

    /// Wakes all that wait for the fetch of this number.
    fn wake(&self, number: u64) {
        self.landed.send_if_modified(|landed| {
            let is_later = *landed < number;
            *landed = number.max(*landed);
            is_later
        });
    }

    fn unavailable(&self, flights: &Flights) -> Found {
        let now = self.clock.now();
        let known = self.known();
        let standing = known.table.as_ref().map(|table| known.standing(table, now));
        drop(known);
        self.unavailable_in(standing, flights)
    }

    fn unavailable_in(&self, standing: Option<Standing>, flights: &Flights) -> Found {
        let after = flights.retry_after(self.clock.uptime());
        match standing {
            None => Found::NoSetYet(after),
            Some(Standing::TooOld) => Found::TooOld(after),
            Some(_) => Found::Unreachable(after),
        }
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerKeys").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}
