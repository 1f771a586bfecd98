//! What a fetch changes when it ends, and what of it is logged: each change once.

use super::Inner;
use super::flights::Flights;
use super::table::KeyTable;
use crate::clock::Timestamp;
use crate::issuers::discovery::Loaded;
use crate::issuers::failure::Failure;
use crate::log::{OneLine, TARGET};

impl Inner {
    /// Takes the result of a fetch that began at `began`.
    pub(super) fn land(&self, number: u64, began: Timestamp, result: Result<Loaded, Failure>) {
        let mut flights = self.flights();
        if flights.end(number) {
            match result {
                Ok(loaded) => self.install(&mut flights, loaded, began),
                Err(failure) => self.note_failure(&mut flights, &failure),
            }
        }
        drop(flights);
        self.wake(number);
    }

    fn install(&self, flights: &mut Flights, loaded: Loaded, began: Timestamp) {
        let issuer = &*self.issuer;
        if flights.logged.is_some() {
            tracing::info!(target: TARGET, issuer, "the keys of the issuer can be fetched again");
        }
        flights.succeeded();
        let mut known = self.known_mut();
        let table = KeyTable::fetched(loaded, began, known.table.as_ref());
        let (keys, left_out) = (table.len(), table.left_out.clone());
        let before = known.table.replace(table);
        known.failed_at = None;
        // No look-up waits for the log.
        drop(known);
        let was_left_out =
            |left_out| before.as_ref().is_some_and(|before| before.left_out.contains(left_out));
        left_out.iter().filter(|left_out| !was_left_out(*left_out)).for_each(|left_out| left_out.log(issuer));
        if keys == 0 && before.is_none_or(|before| before.len() > 0) {
            tracing::warn!(target: TARGET, issuer, "the issuer has no key that can be used, so all its tokens are refused");
        }
        tracing::debug!(target: TARGET, issuer, keys, "the keys of the issuer were fetched");
    }

    fn note_failure(&self, flights: &mut Flights, failure: &Failure) {
        let now = self.clock.now();
        flights.failed(self.clock.uptime());
        let mut known = self.known_mut();
        known.failed_at = Some(now);
        let standing = known.table.as_ref().map(|table| known.standing(table, now));
        drop(known);
        let (issuer, error) = (&*self.issuer, OneLine(failure));
        if flights.logged.replace(failure.kind()) != Some(failure.kind()) {
            tracing::warn!(target: TARGET, issuer, %error, "the keys of the issuer could not be fetched");
        }
        let is_refused = standing.is_none_or(|standing| !standing.is_usable());
        if is_refused && !flights.has_logged_refusal {
            flights.has_logged_refusal = true;
            let tolerated =
                if standing.is_some() { "the last set is over 6 hours old" } else { "there was none yet" };
            tracing::error!(target: TARGET, issuer, %error, "without keys of the issuer, its tokens are answered with 503: {tolerated}");
        }
    }

    /// Takes the end of a fetch without a result: it panicked, or the caller that ran it went away.
    pub(super) fn give_up(&self, number: u64, has_panicked: bool) {
        let mut flights = self.flights();
        if flights.give_up(number) && has_panicked {
            self.note_failure(&mut flights, &Failure::Aborted);
        }
        drop(flights);
        self.wake(number);
    }
}
