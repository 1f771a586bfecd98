//! What happened, for the log and for whoever else listens.

use std::fmt;
use std::sync::Arc;

use crate::access::Access;
use crate::clock::Timestamp;
use crate::log::TARGET;
use crate::session::SessionId;

/// Listens to sign-ins, impersonations, refreshes, replays, revocations and refusals: for an audit trail, a metric, an alarm.
///
/// Every event is written to `tracing` in any case, under the target `countersign`, with pseudonyms in the place of
/// identifiers. A listener gets the identifiers themselves and has to know where it may write them.
///
/// It is told of what this crate does and of nothing else: that a user was given another role, or changed their password,
/// the application has to tell itself, and so it does of a sign-in that it refuses
/// ([`Auth::record_refused_sign_in`](crate::Auth::record_refused_sign_in)).
///
/// | kind | one for each |
/// |---|---|
/// | sign-in | [`Auth::login`](crate::Auth::login), and each refusal that the application records |
/// | reauthentication | [`Auth::reauthenticate`](crate::Auth::reauthenticate), and each refusal that the application records |
/// | impersonation | [`Auth::impersonate`](crate::Auth::impersonate); the user is who is impersonated, the actor who does it |
/// | refresh | [`Auth::refresh`](crate::Auth::refresh), whatever becomes of it |
/// | reuse | old refresh token that was presented, with its [kind](crate::session::ReuseKind) as the reason; then follow a revoke and, at a refresh, a refused refresh |
/// | revoke | operation that ended sessions or access tokens or was to: `logout`, `logout_all`, `end_session`, `revoke`, `revoke_all_except`, `expire_access_tokens`, `user_gone`, `reuse`, and for each session that made room for a new one `evicted` |
/// | denial | request that was refused on a guarded route |
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use countersign::{AuthBuilder, AuthEvent, AuthEventKind, AuthEvents, SessionClaims};
///
/// #[derive(Default)]
/// struct Replays(AtomicU64);
///
/// impl AuthEvents for Replays {
///     fn record(&self, event: &AuthEvent<'_>) {
///         if event.kind == AuthEventKind::Reuse {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// # fn configure<C: SessionClaims>(builder: AuthBuilder<C>) -> AuthBuilder<C> {
/// let replays = Arc::new(Replays::default());
/// let builder = builder.events(Arc::clone(&replays)); // read `replays.0` wherever it is wanted
/// # builder }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not listen to events",
    label = "not an `AuthEvents`",
    note = "implement `AuthEvents` for it: `fn record(&self, event: &AuthEvent<'_>)`"
)]
pub trait AuthEvents: Send + Sync + 'static {
    /// Takes note of an event. It is called where the event happens and must not block: hand over to a channel or a task
    /// whatever takes time.
    ///
    /// It should not panic. If it does, that ends the task of the request, as in a handler: the caller gets no answer, and nobody
    /// is let in by it.
    fn record(&self, event: &AuthEvent<'_>);
}

/// A listener that the application keeps a handle on.
#[diagnostic::do_not_recommend]
impl<T: AuthEvents + ?Sized> AuthEvents for Arc<T> {
    fn record(&self, event: &AuthEvent<'_>) {
        (**self).record(event);
    }
}

/// One event. What is not known where it happens is `None`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthEvent<'a> {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuthEventKind,
    /// How it went.
    pub outcome: AuthOutcome,
    /// The user's identifier, as in the `sub` of tokens.
    pub user: Option<&'a str>,
    /// Who acts for the user, if somebody does; the session is then theirs.
    pub actor: Option<&'a str>,
    /// The session.
    pub session: Option<&'a SessionId>,
    /// The method of the request, unless the client has made up a long one.
    pub method: Option<&'a str>,
    /// The route of the request with its placeholders, as it was given to the router.
    pub route: Option<&'a str>,
    /// What the route demands.
    pub policy: Option<Access>,
    /// A stable name of the cause: `expired`, `late_retry`, `evicted`.
    pub reason: Option<&'static str>,
}

impl<'a> AuthEvent<'a> {
    pub(crate) fn new(at: Timestamp, kind: AuthEventKind, outcome: AuthOutcome) -> Self {
        let (user, actor, session, method, route, policy, reason) = Default::default();
        Self { at, kind, outcome, user, actor, session, method, route, policy, reason }
    }

    pub(crate) fn of_user(self, user: &'a str) -> Self {
        Self { user: Some(user), ..self }
    }

    pub(crate) fn of_session(self, session: &'a SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    pub(crate) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthEventKind {
    /// A user signed in, or tried to.
    SignIn,
    /// A user proved again who they are, or tried to.
    Reauthentication,
    /// A user was given an access token for another one, or was to be.
    Impersonation,
    /// A refresh token was exchanged, or was to be.
    Refresh,
    /// A refresh token was presented after its successor had been given out; the session was ended for it.
    Reuse,
    /// One or all sessions of a user were ended, or their access tokens; or they were to be.
    Revoke,
    /// A request to a guarded route was refused.
    Denial,
}

impl AuthEventKind {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Reauthentication => "reauthentication",
            Self::Impersonation => "impersonation",
            Self::Refresh => "refresh",
            Self::Reuse => "reuse",
            Self::Revoke => "revoke",
            Self::Denial => "denial",
        }
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthOutcome {
    /// As the caller wanted.
    Success,
    /// The caller was refused.
    Refused,
    /// The server could not decide or carry it out.
    Failed,
}

impl AuthOutcome {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// The application's listener, if there is one.
#[derive(Default)]
pub(crate) struct Listener(pub(crate) Option<Box<dyn AuthEvents>>);

impl Listener {
    /// Writes the one line, and tells the listener. `pseudonym` names an identifier of a kind in the log.
    pub(crate) fn record(&self, event: &AuthEvent<'_>, pseudonym: impl Fn(&str, &str) -> String) {
        let Line { user, actor, session, policy } = Line::of(event, pseudonym);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    event = event.kind.as_str(),
                    outcome = event.outcome.as_str(),
                    at = event.at.unix(),
                    user,
                    actor,
                    session,
                    method = event.method,
                    route = event.route,
                    policy,
                    reason = event.reason,
                )
            };
        }
        match (event.kind, event.outcome) {
            (AuthEventKind::Reuse, _) => line!(warn),
            (_, AuthOutcome::Failed) => line!(error),
            _ => line!(info),
        }
        // Last, so that a listener that panics leaves the line.
        if let Some(listener) = &self.0 {
            listener.record(event);
        }
    }
}

/// What of an event has to be made for the log.
struct Line {
    user: Option<String>,
    actor: Option<String>,
    session: Option<String>,
    policy: Option<String>,
}

impl Line {
    fn of(event: &AuthEvent<'_>, pseudonym: impl Fn(&str, &str) -> String) -> Self {
        if !tracing::enabled!(target: TARGET, tracing::Level::ERROR) {
            return Self { user: None, actor: None, session: None, policy: None };
        }
        Self {
            user: event.user.map(|user| pseudonym("user", user)),
            actor: event.actor.map(|actor| pseudonym("user", actor)),
            session: event.session.map(|session| pseudonym("session", session.as_str())),
            policy: event.policy.map(|policy| policy.to_string()),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}
