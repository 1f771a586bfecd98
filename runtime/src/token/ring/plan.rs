//! The changes of a ring: what is due at a moment, a rotation by hand, the end of a key.

use std::collections::BTreeSet;

use super::document::Entry;
use super::generate::Fresh;
use super::life::{Life, MOST_SKEW, Schedule, signing};
use crate::clock::Timestamp;
use crate::token::Algorithm;

/// The circumstances of a change.
pub(super) struct Plan<'s> {
    pub(super) now: Timestamp,
    pub(super) algorithm: Algorithm,
    pub(super) schedule: Schedule,
    pub(super) revoked: &'s mut BTreeSet<String>,
    /// New keys that are in no store yet. They are kept between attempts, so that a server that uses one early goes on with the same one.
    pub(super) spares: &'s mut Vec<Fresh>,
}

/// A change needs one more spare key, and has to be made anew with it.
pub(super) struct NoSpare;

impl Plan<'_> {
    /// Does what is due: keys leave whose time is over, one signs, and the next one is announced in time.
    pub(super) fn tend(&mut self, entries: &mut Vec<Entry>) -> Result<(), NoSpare> {
        let now = self.now;
        entries.retain(|entry| !self.revoked.contains(entry.kid()) && !entry.life.is_over_at(now));
        let current = self.current(entries)?;
        if next_of(entries, current, now).is_some() {
            return Ok(());
        }
        // The key that was to follow may have been revoked.
        entries[current].life.signs_until = None;
        let life = entries[current].life;
        let is_other = entries[current].key.algorithm() != self.algorithm;
        if is_other || self.schedule.is_due(&life, now) {
            let mut next = self.schedule.announced(now);
            if !is_other {
                next.signs_from = next.signs_from.max(life.signs_from + self.schedule.rotate_after);
            }
            self.announce(entries, current, next)?;
        }
        Ok(())
    }

    /// Lets the next key sign as soon as it has been announced for long enough. Returns that time.
    pub(super) fn rotate(&mut self, entries: &mut Vec<Entry>) -> Result<Timestamp, NoSpare> {
        let current = self.current(entries)?;
        let signs_from = match next_of(entries, current, self.now) {
            Some(next) => {
                let life = &mut entries[next].life;
                life.signs_from = life.signs_from.min(self.schedule.earliest(life, self.now));
                life.signs_from
            }
            None => {
                let life = self.schedule.announced(self.now);
                self.announce(entries, current, life)?;
                life.signs_from
            }
        };
        entries[current].life.signs_until = Some(signs_from);
        Ok(signs_from)
    }

    /// Ends a key for ever, also one that this server has not read yet. Returns whether it was there.
    pub(super) fn revoke(&mut self, entries: &mut Vec<Entry>, kid: &str) -> bool {
        self.revoked.insert(kid.to_owned());
        let before = entries.len();
        entries.retain(|entry| entry.kid() != kid);
        entries.len() < before
    }

    /// The place of the key that signs. Where there is none, the announced one signs at once, or a new one.
    fn current(&mut self, entries: &mut Vec<Entry>) -> Result<usize, NoSpare> {
        let lives: Vec<_> = entries.iter().map(|entry| entry.life).collect();
        match signing(&lives, self.now) {
            // A key that begins in a moment has begun on a server whose clock is ahead.
            Some(place) if lives[place].signs_from > self.now + MOST_SKEW => {
                entries[place].life.signs_from = self.now;
                Ok(place)
            }
            Some(place) if !self.is_retired(&lives[place]) => Ok(place),
            _ => {
                let fresh = self.fresh(entries)?;
                entries.push(Entry::new(fresh, Life::from(self.now)));
                Ok(entries.len() - 1)
            }
        }
    }

    fn is_retired(&self, life: &Life) -> bool {
        life.signs_until.is_some_and(|until| until <= self.now)
    }

    fn announce(&mut self, entries: &mut Vec<Entry>, current: usize, life: Life) -> Result<(), NoSpare> {
        let fresh = self.fresh(entries)?;
        entries[current].life.signs_until = Some(life.signs_from);
        entries.push(Entry::new(fresh, life));
        Ok(())
    }

    fn fresh(&mut self, entries: &[Entry]) -> Result<Fresh, NoSpare> {
        // While the store is away a spare key signs, so it may have leaked and have been revoked like any other.
        self.spares.retain(|spare| !self.revoked.contains(spare.key.kid()));
        let is_unused = |spare: &&Fresh| entries.iter().all(|entry| entry.kid() != spare.key.kid());
        self.spares.iter().find(is_unused).cloned().ok_or(NoSpare)
    }
}

/// The place of the key that is announced after the current one.
fn next_of(entries: &[Entry], current: usize, now: Timestamp) -> Option<usize> {
    (0..entries.len()).find(|place| *place != current && entries[*place].life.is_announced_at(now))
}
