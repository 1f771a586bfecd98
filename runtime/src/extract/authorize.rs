//! The one decision about a request, for extractors, guards and layers alike.

use std::time::Duration;

use http::StatusCode;
use http::request::Parts;

use super::check::{CheckError, Checks};
use super::csrf;
use super::examine::examined;
use super::refusal::{Refusal, refuse};
use super::verify::verified;
use crate::access::{Access, CheckResults, Decision, Facts, Rule, decide};
use crate::auth::{Auth, Liveness, Session, Transport};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::log::{OneLine, TARGET};
use crate::rejection::{AuthRejection, Denial};

/// Decides whether the request may pass, and says whose it is. The verified session stays in the request's extensions.
///
/// A refusal is one event. Bad credentials are refused even where none are needed.
pub(crate) async fn authorize<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
) -> Result<Option<Session<C>>, AuthRejection> {
    authorize_with::<C, (), ()>(parts, auth, &(), access).await
}

/// As [`authorize`], for an access that lets in signed-in users only.
pub(crate) async fn required<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
) -> Result<Session<C>, AuthRejection> {
    let session = authorize(parts, auth, access).await?;
    session.ok_or_else(|| AuthRejection::new(Denial::MissingCredentials, auth.realm()))
}

/// As [`authorize`], for an access whose rule has the checks `K`.
pub(crate) async fn authorize_with<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
) -> Result<Option<Session<C>>, AuthRejection> {
    if let Access::Public { .. } = access {
        return Ok(None);
    }
    match decided_with::<C, S, K>(parts, auth, state, access).await {
        Ok(session) => Ok(session),
        Err(refusal) => Err(refuse(parts, auth, Some(*access), &refusal)),
    }
}

/// The decision alone, of which nobody is told.
pub(crate) async fn decided<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
) -> Result<Option<Session<C>>, Refusal<C>> {
    decided_with::<C, (), ()>(parts, auth, &(), access).await
}

async fn decided_with<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let session = verified(parts, auth)?;
    if let Some(session) = &session
        // A browser sends a cookie with requests of other sites too, so a cookie alone does not prove that the user meant this one.
        && session.transport() == Transport::Cookie
    {
        csrf::check(parts, auth, Some(session.id().as_str()))
            .map_err(|denial| Refusal::from(denial).of(session))?;
    }
    let looked_up = match &session {
        Some(session) => looked_up(parts, auth, access, session).await?,
        None => LookedUp::default(),
    };
    let mut facts = facts(auth, access, session.as_ref(), looked_up);
    let (denial, reason) = loop {
        match decide(access, &facts) {
            Decision::Granted => return Ok(session),
            Decision::Undecided(number) => {
                match checked::<S, K>(number, access, facts.checks, parts, state).await {
                    Ok(passed) => facts.checks.record(number, passed),
                    Err(denial) => break (denial, denial.code()),
                }
            }
            refused => break refusal(refused, auth, access),
        }
    };
    Err(Refusal { denial, reason, session })
}

/// What the caller learns of a refusal, and what the log does.
fn refusal<C: SessionClaims>(decision: Decision, auth: &Auth<C>, access: &Access) -> (Denial, &'static str) {
    match decision {
        Decision::Unauthenticated => (Denial::MissingCredentials, "missing_credentials"),
        Decision::Stale(max_age) => (Denial::StaleSignIn { max_age }, "stale_sign_in"),
        Decision::Hidden => (Denial::NotFound, "check_refused"),
        Decision::Refused => (Denial::Forbidden, "check_refused"),
        Decision::Impersonated => (Denial::Forbidden, "impersonated"),
        // Whoever was granted something, or has a check to wait for, is not refused for it; should it ever come here, it stays closed.
        Decision::Lacking | Decision::Granted | Decision::Undecided(_) => {
            let required = auth.discloses_requirements().then_some(*access);
            (Denial::InsufficientScope { required }, "insufficient_scope")
        }
    }
}

/// What is known of a request before any check was run.
fn facts<'a, C: SessionClaims>(
    auth: &Auth<C>,
    access: &Access,
    session: Option<&'a Session<C>>,
    looked_up: LookedUp,
) -> Facts<'a, C> {
    let LookedUp { live, both_tokens } = looked_up;
    let sign_in_age = session
        .filter(|_| access.asks_for_freshness())
        .and_then(|session| sign_in_age(auth, session.authenticated_at()));
    let impersonated = session.is_some_and(|session| session.actor().is_some());
    let (claims, checks) = (session.map(Session::claims), CheckResults::default());
    Facts { claims, live, both_tokens, impersonated, sign_in_age, checks }
}

/// How long ago somebody signed in; `None` for a time that has yet to come, which says nothing. Only the difference between two
/// clocks is forgiven.
fn sign_in_age<C: SessionClaims>(auth: &Auth<C>, authenticated_at: Timestamp) -> Option<Duration> {
    let now = auth.now();
    (authenticated_at <= now + auth.leeway()).then(|| now.since(authenticated_at))
}

/// Runs a check, unless another place of the rule has asked it already. What it cannot answer is refused.
async fn checked<S: Sync, K: Checks<S>>(
    number: usize,
    access: &Access,
    results: CheckResults,
    parts: &mut Parts,
    state: &S,
) -> Result<bool, Denial> {
    if let Some(answer) = answered::<S, K>(number, results) {
        return Ok(answer);
    }
    // In a box, since every request to any handler would else carry the room for a check.
    match Box::pin(K::run(number, parts, state)).await {
        Ok(passed) => Ok(passed),
        // What a hidden check is asked about does not exist, as far as its caller knows, if its name makes no sense.
        Err(CheckError::Argument(status))
            if status.is_client_error() && access.check(number).is_some_and(Rule::is_hidden_check) =>
        {
            Ok(false)
        }
        Err(CheckError::Argument(status)) => Err(unfit(status)),
        Err(CheckError::Failed(cause)) => {
            tracing::error!(target: TARGET, error = %OneLine(&*cause), "a check has failed");
            Err(Denial::Unavailable)
        }
    }
}

/// What the check of this number has said at an earlier place.
fn answered<S, K: Checks<S>>(number: usize, results: CheckResults) -> Option<bool> {
    let wanted = K::function(number)?;
    (0..number).find_map(|earlier| results.get(earlier).filter(|_| K::function(earlier) == Some(wanted)))
}

/// An argument of a check refuses the request with a status that its extractor has chosen.
fn unfit(status: StatusCode) -> Denial {
    match status {
        StatusCode::NOT_FOUND => Denial::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Denial::Forbidden,
        StatusCode::SERVICE_UNAVAILABLE => Denial::Unavailable,
        status if status.is_client_error() => Denial::InvalidRequest,
        status => {
            tracing::error!(target: TARGET, %status, "an argument of a check could not be had from the request");
            Denial::Internal
        }
    }
}

/// What was found out beyond what the access token says.
#[derive(Clone, Copy, Default)]
struct LookedUp {
    live: bool,
    both_tokens: bool,
}

/// What the store and the refresh token say, as far as the decision needs it.
async fn looked_up<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
    session: &Session<C>,
) -> Result<LookedUp, Refusal<C>> {
    let mut found = LookedUp::default();
    if access.asks_for_liveness() || auth.liveness() == Liveness::Always {
        // In a box, since every request to any handler would else carry the room for a look-up.
        found.live = Box::pin(live(auth, session)).await?;
        if !found.live {
            let session = Some(session.clone());
            return Err(Refusal { denial: Denial::InvalidToken, reason: "session_ended", session });
        }
    }
    if access.asks_for_both_tokens() {
        // In a box, as the look-up above.
        Box::pin(examined(parts, auth, session)).await?;
        found.both_tokens = true;
    }
    Ok(found)
}

/// Whether the store stands by the session and its token. It is asked once in a request.
async fn live<C: SessionClaims>(auth: &Auth<C>, session: &Session<C>) -> Result<bool, Refusal<C>> {
    if session.was_found_live() {
        return Ok(true);
    }
    match auth.is_live(session.id(), &session.holder(), session.issued_at()).await {
        Ok(live) => {
            if live {
                session.found_live();
            }
            Ok(live)
        }
        Err(cause) => {
            tracing::error!(target: TARGET, error = %OneLine(&cause), "a session could not be looked up");
            Err(Refusal::from(Denial::Unavailable).of(session))
        }
    }
}
