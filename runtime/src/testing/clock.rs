//! A clock that moves only when a test sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// A clock that a test sets. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use countersign::testing::TestClock;
/// use countersign::{Clock as _, Timestamp};
///
/// let clock = TestClock::at(1_700_000_000);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Timestamp::from_unix(1_700_000_060));
/// clock.set(Timestamp::from_unix(0));
/// assert_eq!(clock.now(), Timestamp::from_unix(0));
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Makes a clock that shows `unix`, in seconds since 1970.
    pub fn at(unix: i64) -> Self {
        Self(Arc::new(AtomicI64::new(unix)))
    }

    /// Moves forward by the whole seconds of `duration`.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now() + duration);
    }

    /// Moves to `time`, which may be in the past.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.unix(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}
