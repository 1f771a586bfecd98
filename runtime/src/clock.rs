//! Time in whole seconds since 1970, the unit of tokens and sessions.

use std::fmt;
use std::ops::{Add, Sub};
#[cfg(not(target_family = "wasm"))]
use std::sync::LazyLock;
#[cfg(not(target_family = "wasm"))]
use std::time::Instant;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, the `NumericDate` of RFC 7519 section 2.
///
/// ```
/// use std::time::Duration;
/// use countersign::Timestamp;
///
/// let sign_in = Timestamp::from_unix(1_700_000_000);
/// assert_eq!((sign_in + Duration::from_secs(60)).unix(), 1_700_000_060);
/// assert_eq!(sign_in.since(sign_in + Duration::from_secs(5)), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes seconds since 1970. Negative values are before 1970.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// Returns the time since `earlier`, or zero if `earlier` is later than this.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Adds whole seconds and saturates.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_seconds(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Subtracts whole seconds and saturates.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_seconds(duration)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(whole_seconds(after)),
            Err(before) => Self(-whole_seconds(before.duration())),
        }
    }
}

/// The source of the time. The default is [`SystemClock`]; tests set another one.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Returns the current time in milliseconds since 1970, for what is shorter than a second. A clock that leaves this out has whole
    /// seconds.
    fn millis(&self) -> i64 {
        self.now().unix().saturating_mul(1000)
    }

    /// Returns the milliseconds since a point in the past, by a clock that is never set. A clock that leaves this out has none but
    /// [`millis`](Self::millis).
    fn uptime(&self) -> i64 {
        self.millis()
    }
}

/// The clock of the operating system; in WebAssembly, with the feature `wasm-js`, the clock of the JavaScript host.
///
/// A Worker's clock does not move while the Worker computes, only when it waits for input or output. Without `wasm-js`,
/// [`now`](Clock::now) panics on `wasm32-unknown-unknown`, which has no clock of its own.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.millis().div_euclid(1000))
    }

    #[cfg(not(all(feature = "wasm-js", target_arch = "wasm32", target_os = "unknown")))]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn millis(&self) -> i64 {
        let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        SystemTime::now().duration_since(UNIX_EPOCH).map_or_else(|before| -millis(before.duration()), millis)
    }

    #[cfg(not(target_family = "wasm"))]
    fn uptime(&self) -> i64 {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    #[cfg(all(feature = "wasm-js", target_arch = "wasm32", target_os = "unknown"))]
    fn millis(&self) -> i64 {
        // Always finite, and far within the range of an `i64`.
        js_sys::Date::now() as i64
    }
}

impl<T: Clock + ?Sized> Clock for std::sync::Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn millis(&self) -> i64 {
        (**self).millis()
    }

    fn uptime(&self) -> i64 {
        (**self).uptime()
    }
}
