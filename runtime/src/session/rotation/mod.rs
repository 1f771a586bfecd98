//! The rotation rule: one function on a record, the same for every store.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{SessionRecord, TokenHash};
use crate::clock::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
const DEFAULT_WINDOW: Duration = Duration::from_secs(30);
const DEFAULT_TOUCH_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// How far the clocks of two servers on one store may be apart.
const MOST_SKEW: Duration = Duration::from_secs(60);
const LONGEST_WINDOW: Duration = Duration::from_secs(300);

/// When a refresh gives out a new refresh token.
///
/// The **window** is the time after a rotation in which the token before the current one is answered with the same successor
/// again. It is there for clients that lost the response or sent two requests at once. It starts with the rotation, is not
/// prolonged by being used, and ends early when the successor is used. It is counted in whole seconds; zero is the strict mode,
/// in which a lost response ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// At every refresh, so that a second user of the same token is noticed (RFC 9700 section 4.14.2).
    Always {
        /// 30 seconds by default, at most 300.
        window: Duration,
    },
    /// Only when the refresh token has no longer than `within` to live; until then the same refresh token stays good, and a
    /// refresh writes no more than that the session was used.
    ///
    /// What is lost: a copied token works beside its owner's for days, and nobody notices before it is close to its end. The
    /// session's idle limit moves only when the token rotates, so a client that stays away during the last `within` of the idle
    /// limit is signed out even if it was active before. Its `last_used_at` moves at the touch interval.
    NearExpiry {
        /// The last part of the token's life, in which it is exchanged.
        within: Duration,
        /// As with [`Rotation::Always`].
        window: Duration,
    },
}

impl Default for Rotation {
    fn default() -> Self {
        Self::Always { window: DEFAULT_WINDOW }
    }
}

impl Rotation {
    pub(crate) fn window(self) -> Duration {
        match self {
            Self::Always { window } | Self::NearExpiry { window, .. } => window,
        }
    }

    fn is_due(self, record: &SessionRecord, now: Timestamp) -> bool {
        match self {
            Self::Always { .. } => true,
            Self::NearExpiry { within, .. } => record.idle_expires_at.since(now) <= within,
        }
    }
}

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifetimes {
    /// How long a session lives without being refreshed; 30 days by default.
    pub idle_ttl: Duration,
    /// How long a session lives however much it is used; 90 days by default.
    pub absolute_ttl: Duration,
}

impl Lifetimes {
    /// Takes the two limits.
    pub const fn new(idle_ttl: Duration, absolute_ttl: Duration) -> Self {
        Self { idle_ttl, absolute_ttl }
    }

    pub(super) fn idle_end(self, now: Timestamp, absolute_end: Timestamp) -> Timestamp {
        (now + self.idle_ttl).min(absolute_end)
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self::new(DAY * 30, DAY * 90)
    }
}

/// [`Lifetimes`] and [`Rotation`] that were checked.
///
/// ```
/// use std::time::Duration;
/// use countersign::session::{Lifetimes, PolicyError, Rotation, SessionPolicy};
///
/// let strict = Rotation::Always { window: Duration::ZERO };
/// assert!(SessionPolicy::new(Lifetimes::default(), strict).is_ok());
///
/// let lax = Rotation::Always { window: Duration::from_secs(3600) };
/// assert_eq!(SessionPolicy::new(Lifetimes::default(), lax), Err(PolicyError::WindowTooLong));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPolicy {
    pub(super) lifetimes: Lifetimes,
    pub(super) rotation: Rotation,
    pub(super) touch_interval: Duration,
    pub(super) max_per_user: Option<NonZeroU32>,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            lifetimes: Lifetimes::default(),
            rotation: Rotation::default(),
            touch_interval: DEFAULT_TOUCH_INTERVAL,
            max_per_user: None,
        }
    }
}

impl SessionPolicy {
    /// Checks that the settings make sense together.
    ///
    /// # Errors
    ///
    /// A [`PolicyError`] that names the setting to change.
    pub fn new(lifetimes: Lifetimes, rotation: Rotation) -> Result<Self, PolicyError> {
        if lifetimes.idle_ttl.as_secs() == 0 {
            return Err(PolicyError::IdleTtlTooShort);
        }
        if lifetimes.absolute_ttl > LONGEST_LIFE {
            return Err(PolicyError::AbsoluteTtlTooLong);
        }
        if lifetimes.idle_ttl > lifetimes.absolute_ttl {
            return Err(PolicyError::IdleTtlAboveAbsoluteTtl);
        }
        if rotation.window() > LONGEST_WINDOW {
            return Err(PolicyError::WindowTooLong);
        }
        if matches!(rotation, Rotation::NearExpiry { within, .. } if within.as_secs() == 0) {
            return Err(PolicyError::NeverRotates);
        }
        Ok(Self { lifetimes, rotation, ..Self::default() })
    }

    /// How often `last_used_at` moves at most while a session is looked up; 5 minutes unless set. Each time is a write, so it
    /// is a second or longer; what is longer than a session lives switches it off.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TouchIntervalTooShort`].
    pub fn touch_interval(self, touch_interval: Duration) -> Result<Self, PolicyError> {
        if touch_interval.as_secs() == 0 {
            return Err(PolicyError::TouchIntervalTooShort);
        }
        Ok(Self { touch_interval, ..self })
    }

    /// How many sessions a user has at most; a sign-in beyond it ends the oldest. Unlimited unless set.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSessions`] for zero.
    pub fn max_per_user(self, max_per_user: u32) -> Result<Self, PolicyError> {
        let max_per_user = NonZeroU32::new(max_per_user).ok_or(PolicyError::NoSessions)?;
        Ok(Self { max_per_user: Some(max_per_user), ..self })
    }
}

/// What is wrong with the settings of a [`SessionPolicy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// `idle_ttl` is shorter than a second: every session would end as it starts.
    IdleTtlTooShort,
    /// `idle_ttl` is longer than `absolute_ttl`, so it would never take effect.
    IdleTtlAboveAbsoluteTtl,
    /// `absolute_ttl` is longer than ten years.
    AbsoluteTtlTooLong,
    /// The window is longer than 300 seconds.
    WindowTooLong,
    /// `within` of [`Rotation::NearExpiry`] is shorter than a second: no token would ever be exchanged.
    NeverRotates,
    /// The limit of sessions for each user is zero: nobody could sign in.
    NoSessions,
    /// The touch interval is shorter than a second: every look-up would write.
    TouchIntervalTooShort,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdleTtlTooShort => "the idle lifetime of a session is shorter than a second; make it longer",
            Self::IdleTtlAboveAbsoluteTtl => {
                "the idle lifetime of a session is longer than its absolute lifetime; make it shorter, or the absolute one longer"
            }
            Self::AbsoluteTtlTooLong => {
                "the absolute lifetime of a session is longer than ten years; make it shorter, 90 days is usual"
            }
            Self::WindowTooLong => "the rotation window is longer than 300 seconds; make it shorter, 30 is usual",
            Self::NeverRotates => "`NearExpiry` with a `within` below a second never rotates; make it longer",
            Self::NoSessions => "a limit of no sessions lets nobody sign in; make it one or more",
            Self::TouchIntervalTooShort => {
                "the touch interval is shorter than a second; make it longer, five minutes is usual"
            }
        })
    }
}

impl std::error::Error for PolicyError {}

/// Which old token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReuseKind {
    /// The token just before the current one, after the window: a client that was very late, or a thief.
    LateRetry,
    /// A token from further back, which no honest client holds.
    OlderAncestor,
}

impl ReuseKind {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LateRetry => "late_retry",
            Self::OlderAncestor => "older_ancestor",
        }
    }
}

/// What becomes of a session when a token is presented.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The record as it has to be written.
    Rotate(Box<SessionRecord>),
    /// The same successor again.
    Repeat,
    /// The presented token stays good.
    Keep,
    /// A retry inside the window, for which the caller derived another successor than the first time, or whose window cannot
    /// be told from this clock, or a token from just before the user proved again who they are: it cannot be answered with the
    /// same token, and is no sign of theft either.
    Unrepeatable,
    Reuse(ReuseKind),
    Expired,
}

/// The two times of an exchange. Between them the application read the user's claims, which may have taken long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// When the token was presented: whether a retry is in the window is judged by this.
    pub(super) arrived: Timestamp,
    /// When the answer is given: expiry, and the times of a new token, are judged by this.
    pub(super) now: Timestamp,
}

impl From<Timestamp> for Moment {
    fn from(now: Timestamp) -> Self {
        Self { arrived: now, now }
    }
}

/// Decides what becomes of `record` when a token that was signed for it is presented; `successor` is what replaces it.
pub(super) fn present(
    record: &SessionRecord,
    presented: &TokenHash,
    successor: &TokenHash,
    moment: impl Into<Moment>,
    policy: &SessionPolicy,
) -> Step {
    let Moment { arrived, now } = moment.into();
    // A clock that steps back does not revive a session.
    let now = now.max(record.last_used_at);
    if record.is_expired(now) {
        return Step::Expired;
    }
    if record.current == *presented {
        if !policy.rotation.is_due(record, now) {
            return Step::Keep;
        }
        return Step::Rotate(Box::new(rotated(record, successor, now, policy)));
    }
    if record.previous.as_ref() != Some(presented) {
        return Step::Reuse(ReuseKind::OlderAncestor);
    }
    if arrived.since(record.rotated_at).as_secs() >= policy.rotation.window().as_secs() {
        return Step::Reuse(ReuseKind::LateRetry);
    }
    // A clock that reads long before the rotation cannot tell whether the window is open.
    let clock_is_behind = record.rotated_at.since(arrived) > MOST_SKEW;
    if clock_is_behind || record.current != *successor {
        return Step::Unrepeatable;
    }
    Step::Repeat
}

/// Decides what becomes of `record` when its user proves again who they are; `fresh` is the new refresh token, which follows from
/// no other.
///
/// The current token becomes the one before, and nothing can repeat it: inside the window it is [`Step::Unrepeatable`], since its
/// own successor is not the current token, and after the window it is a reuse.
pub(super) fn proved_again(
    record: &SessionRecord,
    fresh: &TokenHash,
    now: Timestamp,
    policy: &SessionPolicy,
) -> Step {
    let now = now.max(record.last_used_at);
    if record.is_expired(now) {
        return Step::Expired;
    }
    let next = SessionRecord { authenticated_at: now, ..rotated(record, fresh, now, policy) };
    Step::Rotate(Box::new(next))
}

fn rotated(
    record: &SessionRecord,
    next: &TokenHash,
    now: Timestamp,
    policy: &SessionPolicy,
) -> SessionRecord {
    SessionRecord {
        current: next.clone(),
        previous: Some(record.current.clone()),
        rotated_at: now,
        last_used_at: now,
        idle_expires_at: policy.lifetimes.idle_end(now, record.absolute_expires_at),
        version: record.version.saturating_add(1),
        ..record.clone()
    }
}

#[cfg(test)]
mod tests;
