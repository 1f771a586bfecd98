//! How long a verification with a key may be remembered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;

/// Until when results of a key count, in seconds since 1970. Clones are the same life, so the owner of the key can end it everywhere.
///
/// Hold it beside whatever was verified with the key, and ask [`is_usable`](Self::is_usable) at each use. `false` says nothing about the
/// token: the key has to be looked up again, which may extend this life.
#[derive(Clone)]
pub(crate) struct KeyLife(Arc<AtomicI64>);

const ENDED: i64 = i64::MIN;
const FOREVER: i64 = i64::MAX;

impl KeyLife {
    /// A life that only [`end`](Self::end) ends.
    pub(crate) fn forever() -> Self {
        Self(Arc::new(AtomicI64::new(FOREVER)))
    }

    /// A life until `end`, which is no part of it.
    pub(crate) fn until(end: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(end.unix())))
    }

    /// Ends it for good.
    pub(crate) fn end(&self) {
        self.0.store(ENDED, Ordering::SeqCst);
    }

    /// Lets it last until `end` at least. Does nothing to one that was ended: a key that comes back has a new life.
    pub(crate) fn extend_to(&self, end: Timestamp) {
        let later = |until: i64| (until != ENDED && until < end.unix()).then_some(end.unix());
        // An error says that there was nothing to change.
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
    }

    /// Whether it was ended for good.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst) == ENDED
    }

    /// Whether results of the key count at `now`.
    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        match self.0.load(Ordering::SeqCst) {
            ENDED => false,
            FOREVER => true,
            until => now.unix() < until,
        }
    }
}

impl fmt::Debug for KeyLife {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.load(Ordering::SeqCst) {
            ENDED => f.write_str("KeyLife(ended)"),
            FOREVER => f.write_str("KeyLife(forever)"),
            until => write!(f, "KeyLife(until {until})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix: i64) -> Timestamp {
        Timestamp::from_unix(unix)
    }

    #[test]
    fn a_life_lasts_until_its_end() {
        let life = KeyLife::until(at(100));
        assert!(life.is_usable(at(99)));
        assert!(!life.is_usable(at(100)));
        assert!(KeyLife::forever().is_usable(at(i64::MAX)));
    }

    #[test]
    fn an_extension_reaches_all_clones_and_never_shortens() {
        let life = KeyLife::until(at(100));
        let other = life.clone();
        life.extend_to(at(200));
        life.extend_to(at(150));
        assert!(other.is_usable(at(199)));
        assert!(!other.is_usable(at(200)));
        let forever = KeyLife::forever();
        forever.extend_to(at(5));
        assert!(forever.is_usable(at(6)));
    }

    #[test]
    fn a_life_that_was_ended_is_not_extended() {
        for life in [KeyLife::forever(), KeyLife::until(at(100))] {
            let other = life.clone();
            life.end();
            life.extend_to(at(200));
            for now in [i64::MIN, 0, 50, 150] {
                assert!(!other.is_usable(at(now)), "{now}");
            }
        }
    }
}
