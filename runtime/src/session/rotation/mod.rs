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
    /// As [`Rotation::Always`] or, with `within`, as [`Rotation::NearExpiry`], and an answer that was lost is made up for. See
    /// [`recover_lost_answers`](Self::recover_lost_answers), which makes it.
    Recovering {
        /// As with [`Rotation::NearExpiry`]; `None` rotates at every refresh.
        within: Option<Duration>,
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
    /// Lets a client go on that lost the answer to its refresh and comes back after the window: its token, whose successor was never
    /// presented, gets one **new** successor.
    ///
    /// The new successor displaces the unused one. If the unused one is presented later, a copy of a token is in use, and the session
    /// ends. It happens once for each rotation, and is an event, [`LostAnswer`](crate::AuthEventKind::LostAnswer). A user who
    /// [reauthenticated](super::Sessions::reauthenticate) has used up the token from before, so there it does not happen. Without a
    /// window nothing is made up for.
    ///
    /// It is off unless called, because a thief profits too: with a copy of the token just before the current one, they are answered
    /// as long as its owner has not refreshed again. Otherwise that presentation ends the session. With this setting the owner's next
    /// refresh does, at the latest when their access token has expired.
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::testing::TestAuth;
    /// use countersign::{AuthError, SessionClaims, session::Rotation};
    ///
    /// #[derive(SessionClaims, Clone)]
    /// struct User {
    ///     #[claims(subject)]
    ///     id: u64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), AuthError> {
    /// let auth = TestAuth::with(|builder| builder.rotation(Rotation::default().recover_lost_answers()));
    /// let held = auth.sign_in(&User { id: 7 }).await;
    /// let lost = auth.refresh(&held.refresh_token).await?; // the connection breaks, and the client is offline
    /// auth.clock().advance(Duration::from_secs(120));
    ///
    /// let recovered = auth.refresh(&held.refresh_token).await?;
    /// assert_ne!(recovered.refresh_token, lost.refresh_token);
    /// assert!(auth.refresh(&lost.refresh_token).await.is_err()); // it was not lost: another party has it
    /// assert!(auth.refresh(&recovered.refresh_token).await.is_err()); // so the session has ended
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn recover_lost_answers(self) -> Self {
        match self {
            Self::Always { window } => Self::Recovering { within: None, window },
            Self::NearExpiry { within, window } => Self::Recovering { within: Some(within), window },
            Self::Recovering { .. } => self,
        }
    }

    pub(crate) fn window(self) -> Duration {
        match self {
            Self::Always { window } | Self::NearExpiry { window, .. } | Self::Recovering { window, .. } => {
                window
            }
        }
    }

    fn within(self) -> Option<Duration> {
        match self {
            Self::Always { .. } => None,
            Self::NearExpiry { within, .. } => Some(within),
            Self::Recovering { within, .. } => within,
        }
    }

    fn is_due(self, record: &SessionRecord, now: Timestamp) -> bool {
        self.within().is_none_or(|within| record.idle_expires_at.since(now) <= within)
    }

    /// Whether lost answers are made up for. Without a window they are not: that is the strict mode.
    fn recovers(self) -> bool {
        matches!(self, Self::Recovering { window, .. } if window.as_secs() > 0)
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
        let never_rotates = rotation.within().is_some_and(|within| within.as_secs() == 0);
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
    /// The record to write, in which a new successor displaces one that was never presented.
    Recover(Box<SessionRecord>),
    /// Give out the same successor again.
    Repeat,
    /// The presented token stays good.
    Keep,
    /// As `Keep`, with a record to write, in which the token is known to have arrived.
    Confirm(Box<SessionRecord>),
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

/// The tokens that may follow a refresh token, both derived from it: a retry then names the same ones.
///
/// A hash alone is the successor of a caller that makes up for no lost answer.
#[derive(Clone, Debug)]
pub struct Successors {
    first: TokenHash,
    after_loss: Option<TokenHash>,
}

impl Successors {
    /// Takes the hash of the successor, and that of the one which displaces it if it was lost.
    ///
    /// See [`Rotation::recover_lost_answers`].
    pub fn new(first: TokenHash, after_loss: TokenHash) -> Self {
        Self { first, after_loss: Some(after_loss) }
    }

    fn contains(&self, token: &TokenHash) -> bool {
        self.first == *token || self.after_loss.as_ref() == Some(token)
    }
}

impl From<TokenHash> for Successors {
    fn from(first: TokenHash) -> Self {
        Self { first, after_loss: None }
    }
}

impl From<&TokenHash> for Successors {
    fn from(first: &TokenHash) -> Self {
        first.clone().into()
    }
}

/// Decides about the token `presented`, which was signed for the session `record`. One of the `successors` would replace it.
pub(super) fn present(
    record: &SessionRecord,
    presented: &TokenHash,
    successors: impl Into<Successors>,
    times: impl Into<ExchangeTimes>,
    policy: &SessionPolicy,
) -> Transition {
    let ExchangeTimes { arrived, now } = times.into();
    let successors = successors.into();
    // A clock that steps back must not revive a session.
    let now = now.max(record.last_used_at);
    if record.is_expired(now) {
        return Transition::Expired;
    }
    if record.current == *presented {
        if policy.rotation.is_due(record, now) {
            let next = rotated(record, &successors.first, now, policy);
            let may_be_lost = policy.rotation.recovers();
            return Transition::Rotate(Box::new(SessionRecord { may_be_lost, ..next }));
        }
        return match record.may_be_lost {
            true => Transition::Confirm(Box::new(confirmed(record, now))),
            false => Transition::Keep,
        };
    }
    if record.previous.as_ref() != Some(presented) {
        return Transition::Reuse(ReuseKind::OlderAncestor);
    }
    if arrived.since(record.rotated_at).as_secs() >= policy.rotation.window().as_secs() {
        let after_loss = successors.after_loss.filter(|_| record.may_be_lost && policy.rotation.recovers());
        let Some(after_loss) = after_loss else { return Transition::Reuse(ReuseKind::LateRetry) };
        // The token before stays the one before, so that this answer can be repeated within its window. The displaced token is now
        // in no field, which makes its presentation a reuse.
        let next = rotated(record, &after_loss, now, policy);
        return Transition::Recover(Box::new(SessionRecord { previous: record.previous.clone(), ..next }));
    }
    // By a clock that is behind, a retry always looks early. Within the usual skew that prolongs the window a little; beyond it,
    // the clock says nothing about the window.
    let clock_is_behind = record.rotated_at.since(arrived) > MOST_SKEW;
    if clock_is_behind || !successors.contains(&record.current) {
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

/// The record once its current token is known to have arrived at the client.
pub(super) fn confirmed(record: &SessionRecord, now: Timestamp) -> SessionRecord {
    SessionRecord {
        may_be_lost: false,
        last_used_at: now.max(record.last_used_at),
        version: record.version.saturating_add(1),
        ..record.clone()
    }
}

/// The record with the next token, which cannot be displaced.
fn rotated(
    record: &SessionRecord,
    next: &TokenHash,
    now: Timestamp,
    policy: &SessionPolicy,
) -> SessionRecord {
    SessionRecord {
        current: next.clone(),
        previous: Some(record.current.clone()),
        may_be_lost: false,
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
