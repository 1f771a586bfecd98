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
/// The largest difference that is expected between the clocks of two servers on one store.
const MOST_SKEW: Duration = Duration::from_secs(60);
const LONGEST_WINDOW: Duration = Duration::from_secs(300);

/// When a refresh gives out a new refresh token.
///
/// The **window** is the time after a rotation in which the previous token is answered with the same successor again. It serves
/// clients that lost the response or sent two requests at once. It starts with the rotation, is not prolonged by use, and ends
/// early when the successor is used. It is counted in whole seconds. Zero is the strict mode, in which a lost response ends the
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// At every refresh, so that a copied token is detected (RFC 9700 section 4.14.2).
    Always {
        /// 30 seconds by default, at most 300.
        window: Duration,
    },
    /// Only when the refresh token expires within `within`. Until then the same refresh token stays good, and a refresh writes
    /// only that the session was used.
    ///
    /// The price: a copied token works beside its owner's for days, and is not detected before it is close to its end. The
    /// session's idle limit moves only when the token rotates, so a client that is away during the last `within` of the idle
    /// limit is signed out even if it was active before. Its `last_used_at` moves at the touch interval.
    NearExpiry {
        /// The last part of the token's lifetime, in which it is exchanged.
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
    /// How long a session lives at most, however much it is used; 90 days by default.
    pub absolute_ttl: Duration,
}

impl Lifetimes {
    /// Takes the two limits.
    pub const fn new(idle_ttl: Duration, absolute_ttl: Duration) -> Self {
        Self { idle_ttl, absolute_ttl }
    }

    /// The nearest lifetimes that a [`SessionPolicy`] takes, in whole seconds.
    pub(super) fn within_limits(self) -> Self {
        let absolute_ttl = self.absolute_ttl.as_secs().clamp(1, LONGEST_LIFE.as_secs());
        let idle_ttl = self.idle_ttl.as_secs().clamp(1, absolute_ttl);
        Self::new(Duration::from_secs(idle_ttl), Duration::from_secs(absolute_ttl))
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self::new(DAY * 30, DAY * 90)
    }
}

/// [`Lifetimes`] and [`Rotation`] that were checked against each other.
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
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// A [`PolicyError`] that names the setting to change.
    pub fn new(lifetimes: Lifetimes, rotation: Rotation) -> Result<Self, PolicyError> {
        let Lifetimes { idle_ttl, absolute_ttl } = lifetimes;
        let never_rotates = matches!(rotation, Rotation::NearExpiry { within, .. } if within.as_secs() == 0);
        let mistakes = [
            (idle_ttl.as_secs() == 0, PolicyError::IdleTtlTooShort),
            (absolute_ttl > LONGEST_LIFE, PolicyError::AbsoluteTtlTooLong),
            (idle_ttl > absolute_ttl, PolicyError::IdleTtlAboveAbsoluteTtl),
            (rotation.window() > LONGEST_WINDOW, PolicyError::WindowTooLong),
            (never_rotates, PolicyError::NeverRotates),
        ];
        match mistakes.into_iter().find(|(is_made, _)| *is_made) {
            Some((_, error)) => Err(error),
            None => Ok(Self { lifetimes, rotation, ..Self::default() }),
        }
    }

    /// Sets the least time between two moves of `last_used_at` while a session is looked up; 5 minutes unless set. Each move is a
    /// write, so the interval is at least a second. An interval that is longer than a session lives switches the moves off.
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

    /// Limits the number of sessions of each user: a sign-in beyond it ends the session that was not used for the longest
    /// time. Unlimited unless set.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSessions`] for zero.
    pub fn max_per_user(self, max_per_user: u32) -> Result<Self, PolicyError> {
        let max_per_user = NonZeroU32::new(max_per_user).ok_or(PolicyError::NoSessions)?;
        Ok(Self { max_per_user: Some(max_per_user), ..self })
    }
}

/// A mistake in the settings of a [`SessionPolicy`].
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
    /// The limit of sessions for each user is zero: no user could sign in.
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
            Self::NoSessions => "a limit of zero sessions for each user refuses every sign-in; make it one or more",
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
    /// The token just before the current one, after the window: from a client that is very late, or from a thief.
    LateRetry,
    /// A token from further back, which no honest client still uses.
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

/// The effect that a presented token has on its session.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Transition {
    /// The record to write.
    Rotate(Box<SessionRecord>),
    /// Give out the same successor again.
    Repeat,
    /// The presented token stays good.
    Keep,
    /// The token before the current one, which cannot be answered with the same successor and is no sign of theft either. There
    /// are three ways to get here: the caller derived another successor than the first time, the clock is too far behind to tell
    /// whether the window is open, or the user reauthenticated in between.
    Unrepeatable,
    Reuse(ReuseKind),
    Expired,
}

/// The two times of an exchange. Between them the application reads the user's claims, which may take long.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangeTimes {
    /// When the token was presented. It decides whether a retry is inside the window.
    pub(super) arrived: Timestamp,
    /// When the exchange is written. It decides about expiry and dates the new token.
    pub(super) now: Timestamp,
}

#[cfg(test)]
impl From<Timestamp> for ExchangeTimes {
    fn from(now: Timestamp) -> Self {
        Self { arrived: now, now }
    }
}

/// Decides about the token `presented`, which was signed for the session `record`. `successor` is the token that would replace it.
pub(super) fn present(
    record: &SessionRecord,
    presented: &TokenHash,
    successor: &TokenHash,
    times: impl Into<ExchangeTimes>,
    policy: &SessionPolicy,
) -> Transition {
    let ExchangeTimes { arrived, now } = times.into();
    // A clock that steps back must not revive a session.
    let now = now.max(record.last_used_at);
    if record.is_expired(now) {
        return Transition::Expired;
    }
    if record.current == *presented {
        if !policy.rotation.is_due(record, now) {
            return Transition::Keep;
        }
        return Transition::Rotate(Box::new(rotated(record, successor, now, policy)));
    }
    if record.previous.as_ref() != Some(presented) {
        return Transition::Reuse(ReuseKind::OlderAncestor);
    }
    if arrived.since(record.rotated_at).as_secs() >= policy.rotation.window().as_secs() {
        return Transition::Reuse(ReuseKind::LateRetry);
    }
    // By a clock that is behind, a retry always looks early. Within the usual skew that prolongs the window a little; beyond it,
    // the clock says nothing about the window.
    let clock_is_behind = record.rotated_at.since(arrived) > MOST_SKEW;
    if clock_is_behind || record.current != *successor {
        return Transition::Unrepeatable;
    }
    Transition::Repeat
}

/// Decides about the session `record` when its user reauthenticates. `fresh` is the new refresh token, which is derived from no
/// other.
///
/// The current token becomes the one before, and no retry of it succeeds: inside the window it is
/// [`Transition::Unrepeatable`], since its own successor is not the current token, and after the window it is a reuse.
pub(super) fn reauthenticate(
    record: &SessionRecord,
    fresh: &TokenHash,
    now: Timestamp,
    policy: &SessionPolicy,
) -> Transition {
    let now = now.max(record.last_used_at);
    if record.is_expired(now) {
        return Transition::Expired;
    }
    let next = SessionRecord { authenticated_at: now, ..rotated(record, fresh, now, policy) };
    Transition::Rotate(Box::new(next))
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
        idle_expires_at: (now + record.idle_ttl.unwrap_or(policy.lifetimes.idle_ttl))
            .min(record.absolute_expires_at),
        version: record.version.saturating_add(1),
        ..record.clone()
    }
}

#[cfg(test)]
mod tests;
