//! How a stream notices that its session has ended.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{SessionId, Sessions};
use crate::clock::Timestamp;

/// The time between two checks.
const INTERVAL: Duration = Duration::from_millis(400);

/// How long after the begin of a check its result holds. With the age of the feed that it may rest on, that is a second.
const HOLDS: Duration = Duration::from_millis(600);

/// How long the store may fail before a stream ends for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a stream has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The session has ended, or its access tokens were expired.
    Ended,
    /// The access token has expired. The client can open the stream again with a new one.
    Expired,
    /// For five seconds the store did not say whether the session goes on.
    Unavailable,
}

impl SessionEnd {
    /// The code of a WebSocket's close frame: 4401, of the range for applications (RFC 6455 section 7.4.2), or 1013, "try again later",
    /// if the store does not answer.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Ended | Self::Expired => 4401,
            Self::Unavailable => 1013,
        }
    }

    /// The reason in words, for a close frame: `session_ended`, `token_expired` or `temporarily_unavailable`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "session_ended",
            Self::Expired => "token_expired",
            Self::Unavailable => "temporarily_unavailable",
        }
    }
}

/// The access token for which a stream is open.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// `None` for the token of another issuer, which ends when it expires.
    pub(crate) session: Option<SessionId>,
    /// What ends the token before it expires, whatever becomes of the session: its key was withdrawn.
    pub(crate) withdrawn: Option<Withdrawn>,
    pub(crate) subject: String,
    /// The actor who impersonates the subject.
    pub(crate) actor: Option<String>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Whether the key of a token was withdrawn.
#[derive(Clone)]
pub(crate) struct Withdrawn(Arc<dyn Fn() -> bool + Send + Sync>);

impl Withdrawn {
    pub(crate) fn new(is_withdrawn: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_withdrawn))
    }

    pub(super) fn is_true(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Withdrawn").field(&self.is_true()).finish()
    }
}

/// Resolves when the session of a token ends, or the token expires.
pub(crate) struct Watch {
    checks: Pin<Box<dyn Future<Output = SessionEnd> + Send>>,
    state: Arc<Mutex<State>>,
}

struct State {
    token: Watched,
    verified_until: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(sessions: Arc<Sessions>, token: Watched) -> Self {
        let state = Arc::new(Mutex::new(State { token, verified_until: None }));
        Self { checks: Box::pin(watch(sessions, Arc::clone(&state))), state }
    }

    /// Whether the last check is recent enough.
    pub(crate) fn is_verified(&self) -> bool {
        lock(&self.state).verified_until.is_some_and(|until| Instant::now() < until)
    }

    /// Goes on with another access token, if it is one of the same user and actor.
    pub(crate) fn renew(&self, token: Watched) -> bool {
        let mut state = lock(&self.state);
        // The users of another issuer are not those of this server, whatever they are called.
        let is_same = token.session.is_some()
            && state.token.session.is_some()
            && (&token.subject, &token.actor) == (&state.token.subject, &state.token.actor);
        if is_same {
            *state = State { token, verified_until: None };
        }
        is_same
    }
}

impl Future for Watch {
    type Output = SessionEnd;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<SessionEnd> {
        self.checks.as_mut().poll(context)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(sessions: Arc<Sessions>, state: Arc<Mutex<State>>) -> SessionEnd {
    let mut known: Option<(Watched, Timestamp)> = None;
    let mut verified_at = Instant::now();
    loop {
        let begun = Instant::now();
        let token = lock(&state).token.clone();
        let left = token.expires_at.since(sessions.now());
        if left.is_zero() {
            return SessionEnd::Expired;
        }
        let mut known_at = match &known {
            Some((other, at)) if other.is_same(&token) => *at,
            _ => token.issued_at,
        };
        // A check may wait for a store that does not answer. Neither the token nor the patience lasts longer for that.
        let patience = (verified_at + PATIENCE).min(begun + left);
        let checked = timeout_at(patience, sessions.is_still_live(&token, &mut known_at)).await;
        let has_ended = {
            let mut now = lock(&state);
            // It may have been renewed while the old one was looked up.
            let is_current = now.token.is_same(&token);
            match checked {
                // A check that comes too late for anything to pass is as good as none.
                Ok(Ok(true)) if is_current && begun.elapsed() < HOLDS => {
                    now.verified_until = Some(begun + HOLDS);
                    verified_at = begun;
                    None
                }
                Ok(Ok(false)) if is_current => Some(SessionEnd::Ended),
                _ if is_current && verified_at.elapsed() >= PATIENCE => Some(SessionEnd::Unavailable),
                _ => None,
            }
        };
        if let Some(end) = has_ended {
            return end;
        }
        known = Some((token, known_at));
        sleep(INTERVAL).await;
    }
}

impl Watched {
    /// The user of the session in the store.
    pub(super) fn holder(&self) -> &str {
        self.actor.as_deref().unwrap_or(&self.subject)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.session == other.session
            && self.issued_at == other.issued_at
            && self.expires_at == other.expires_at
    }
}
