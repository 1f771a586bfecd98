//! Events, for the log and for the application's listener.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::access::Access;
use crate::clock::Timestamp;
use crate::log::TARGET;
use crate::session::{SessionId, SessionMetadata};

/// Listens to sign-ins, impersonations, refreshes, replays, revocations and refusals: for an audit trail, a metric, an alarm.
///
/// Every event is also written to `tracing`, under the target `countersign`, with pseudonyms instead of identifiers. A listener
/// gets the identifiers themselves and is responsible for where it writes them.
///
/// It receives only what this crate does. A change of a role or of a password is the application's own event. A sign-in that the
/// application refuses becomes an event with [`Auth::record_refused_sign_in`](crate::Auth::record_refused_sign_in).
///
/// | kind | one event for each |
/// |---|---|
/// | sign-in | [`Auth::login`](crate::Auth::login), and each refusal that the application records |
/// | new device | sign-in of a client whose [fingerprint](crate::SessionMetadata::fingerprint) no live session of the user has; it follows the sign-in |
/// | reauthentication | [`Auth::reauthenticate`](crate::Auth::reauthenticate), and each refusal that the application records |
/// | impersonation | [`Auth::impersonate`](crate::Auth::impersonate); `user` is the impersonated user and `actor` the impersonator |
/// | refresh | [`Auth::refresh`](crate::Auth::refresh), with any outcome |
/// | lost answer | refresh that [made up for a lost answer](crate::session::Rotation::recover_lost_answers); the refresh follows |
/// | reuse | old refresh token that was presented, with its [kind](crate::session::ReuseKind) as the reason; a revoke follows, and at a refresh a refused refresh |
/// | revoke | operation that ended sessions or access tokens, or failed to: `logout`, `logout_all`, `end_session`, `revoke`, `revoke_all_except`, `expire_access_tokens`, `user_gone`, `reuse`, and for each session that made room for a new one `evicted` |
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
///
/// A listener must not block, so one that sends mail hands the event on:
///
/// ```
/// use std::sync::mpsc::Sender;
/// use countersign::{AuthEvent, AuthEventKind, AuthEvents};
///
/// /// A task at the other end of the channel writes to the user: "New sign-in: Firefox on Linux".
/// struct NewDevices(Sender<(String, String)>);
///
/// impl AuthEvents for NewDevices {
///     fn record(&self, event: &AuthEvent<'_>) {
///         if let (AuthEventKind::NewDevice, Some(user), Some(client)) = (event.kind, event.user, event.client) {
///             let device = client.device_label().unwrap_or("an unknown device");
///             self.0.send((user.to_owned(), device.to_owned())).ok();
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not listen to events",
    label = "not an `AuthEvents`",
    note = "implement `AuthEvents` for it: `fn record(&self, event: &AuthEvent<'_>)`"
)]
pub trait AuthEvents: Send + Sync + 'static {
    /// Receives an event. It is called where the event happens and must not block: pass slow work to a channel or a task.
    ///
    /// It should not panic. A panic ends the task of the request, as in a handler: the caller gets no answer, and no access.
    fn record(&self, event: &AuthEvent<'_>);
}

/// Lets the application keep a handle on its listener.
#[diagnostic::do_not_recommend]
impl<T: AuthEvents + ?Sized> AuthEvents for Arc<T> {
    fn record(&self, event: &AuthEvent<'_>) {
        (**self).record(event);
    }
}

/// One event. A field is `None` where its value is not known.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthEvent<'a> {
    /// When it happened.
    pub at: Timestamp,
    /// The kind of event.
    pub kind: AuthEventKind,
    /// The outcome.
    pub outcome: AuthOutcome,
    /// The user's identifier, as in the `sub` of tokens.
    pub user: Option<&'a str>,
    /// The actor who impersonates the user, if there is one. The session is then the actor's.
    pub actor: Option<&'a str>,
    /// The session.
    pub session: Option<&'a SessionId>,
    /// The name of the [trusted issuer](crate::Issuer) of the access token; `None` for tokens of this server.
    pub issuer: Option<&'a str>,
    /// The client's address, where the request knows it: from axum's `ConnectInfo` with the feature `connect-info`, or, at a sign-in, from
    /// the [metadata](crate::SessionMetadata::with_address). Behind a proxy, `ConnectInfo` is the proxy's address, unless a layer puts the
    /// client's address in its place.
    pub address: Option<IpAddr>,
    /// At a refused sign-in, a pseudonym of the account that was tried: the same name each time for the same account, and never the text
    /// itself, which may be a password typed into the wrong field. It is there if the application names the account, as with
    /// [`SignIn::refused_for`](crate::SignIn::refused_for).
    pub account: Option<&'a str>,
    /// The method of the request, unless it is a long one of the client's invention.
    pub method: Option<&'a str>,
    /// The route of the request with its placeholders, as it is declared in the router.
    pub route: Option<&'a str>,
    /// The access that the route demands.
    pub policy: Option<Access>,
    /// The client as the sign-in described it, with [`NewDevice`](AuthEventKind::NewDevice).
    pub client: Option<&'a SessionMetadata>,
    /// A stable name of the cause: `expired`, `late_retry`, `evicted`.
    pub reason: Option<&'static str>,
}

impl<'a> AuthEvent<'a> {
    pub(crate) fn new(at: Timestamp, kind: AuthEventKind, outcome: AuthOutcome) -> Self {
        // Eleven times `None`.
        let (user, actor, session, issuer, address, account, method, route, policy, client, reason) =
            Default::default();
        Self {
            at,
            kind,
            outcome,
            user,
            actor,
            session,
            issuer,
            address,
            account,
            method,
            route,
            policy,
            client,
            reason,
        }
    }

    pub(crate) fn at_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    pub(crate) fn of_user(self, user: &'a str) -> Self {
        Self { user: Some(user), ..self }
    }

    pub(crate) fn of_session(self, session: &'a SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    pub(crate) fn on(self, client: &'a SessionMetadata) -> Self {
        Self { client: Some(client), ..self }
    }

    pub(crate) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

/// The kind of an event. Its outcome says whether the operation succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthEventKind {
    /// A sign-in.
    SignIn,
    /// A sign-in from a client that no live session of the user knows. The first sign-in of a user is one, and the first one after all
    /// sessions have ended. It decides nothing: the application may tell the user.
    NewDevice,
    /// A reauthentication.
    Reauthentication,
    /// The issue of an access token with which one user impersonates another.
    Impersonation,
    /// The exchange of a refresh token.
    Refresh,
    /// A refresh token was presented late, and its successor never: the answer with the successor was lost, or another party has a copy
    /// of a token. The session goes on. Emitted with [`Rotation::recover_lost_answers`](crate::session::Rotation::recover_lost_answers).
    LostAnswer,
    /// The presentation of a refresh token that has been replaced already. It ends the session.
    Reuse,
    /// The end of one or all sessions of a user, or of their access tokens.
    Revoke,
    /// A request to a guarded route was refused.
    Denial,
}

impl AuthEventKind {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::NewDevice => "new_device",
            Self::Reauthentication => "reauthentication",
            Self::Impersonation => "impersonation",
            Self::Refresh => "refresh",
            Self::LostAnswer => "lost_answer",
            Self::Reuse => "reuse",
            Self::Revoke => "revoke",
            Self::Denial => "denial",
        }
    }
}

/// The outcome of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthOutcome {
    /// The caller succeeded.
    Success,
    /// The caller was refused.
    Refused,
    /// The server could not decide, or not carry out its decision.
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
    /// Writes the line in the log, then calls the listener. `pseudonym(kind, identifier)` names an identifier in the log.
    pub(crate) fn record(&self, event: &AuthEvent<'_>, pseudonym: impl Fn(&str, &str) -> String) {
        // Pseudonyms are HMACs, so they are not made for a log that is off.
        let is_logged = tracing::enabled!(target: TARGET, tracing::Level::ERROR);
        let name = |kind, id: Option<&str>| id.filter(|_| is_logged).map(|id| pseudonym(kind, id));
        let (user, actor) = (name("user", event.user), name("user", event.actor));
        let session = name("session", event.session.map(SessionId::as_str));
        let policy = event.policy.filter(|_| is_logged).map(|policy| policy.to_string());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: TARGET,
                    event = event.kind.as_str(),
                    outcome = event.outcome.as_str(),
                    // In front of everything that is not a word of this crate, so that a filter for bans cannot be misled.
                    address = event.address.map(tracing::field::display),
                    at = event.at.unix(),
                    user,
                    actor,
                    session,
                    issuer = event.issuer,
                    account = event.account,
                    method = event.method,
                    route = event.route,
                    policy,
                    reason = event.reason,
                )
            };
        }
        match (event.kind, event.outcome) {
            (AuthEventKind::Reuse | AuthEventKind::LostAnswer, _) => line!(warn),
            (_, AuthOutcome::Failed) => line!(error),
            _ => line!(info),
        }
        // Last, so that a listener that panics leaves the line.
        if let Some(listener) = &self.0 {
            listener.record(event);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}
