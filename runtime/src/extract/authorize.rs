//! The decision about a request, for extractors, guards and layers alike.

use std::time::Duration;

use axum::extract::MatchedPath;
use http::StatusCode;
use http::request::Parts;

use super::admitted::{admit, is_admitted};
use super::check::{CheckError, Checks};
use super::csrf;
use super::examine::examined;
use super::navigation::Destination;
use super::notes::AnswerNotes;
use super::refusal::{Refusal, expired_access, refuse};
use super::verify::{forget, verified, verified_at_once};
use crate::access::{Access, CheckResults, Decision, Facts, OWN_ISSUER, Rule, decide};
use crate::auth::{Auth, Liveness, Session, Transport};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::log::{OneLine, TARGET};
use crate::rejection::{AuthRejection, Denial};
use crate::session::SessionId;

/// Who asks for a decision. It makes a difference for machines, which are no users.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A guard or a layer. It refuses a machine unless its own access considers machines.
    Gate,
    /// An argument. It takes a machine that a gate in front of it has let in: the gate knew that the caller may be one.
    Argument,
}

/// Decides whether the request may pass. Returns its verified session, which also stays in the request's extensions; `None` for a caller
/// without credentials.
///
/// A refusal emits one event. Invalid credentials are refused even where none are required, except where the access is public.
pub(crate) async fn authorize<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
    asker: Asker,
) -> Result<Option<Session<C>>, AuthRejection> {
    authorize_with::<C, (), ()>(parts, auth, &(), access, asker).await
}

/// See [`authorize`]; for an argument whose access lets in signed-in users only.
pub(crate) async fn required<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
) -> Result<Session<C>, AuthRejection> {
    let session = authorize(parts, auth, access, Asker::Argument).await?;
    session.ok_or_else(|| AuthRejection::new(Denial::MissingCredentials, auth.realm()))
}

/// See [`authorize`]; for an access whose rule has the checks `K`.
pub(crate) async fn authorize_with<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
    asker: Asker,
) -> Result<Option<Session<C>>, AuthRejection> {
    if let Access::Public { .. } = access {
        return Ok(None);
    }
    match decided_with::<C, S, K>(parts, auth, state, access, asker).await {
        Ok(session) => Ok(session),
        Err(refusal) => Err(refuse(parts, auth, Some(*access), &refusal)),
    }
}

/// The decision of a layer alone: a refusal emits no event.
pub(crate) async fn decided<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
) -> Result<Option<Session<C>>, Refusal<C>> {
    decided_with::<C, (), ()>(parts, auth, &(), access, Asker::Gate).await
}

async fn decided_with<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
    asker: Asker,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let decided = match decided_at_once(parts, auth, access) {
        AtOnce::Decided(decided) => decided,
        // Boxed: otherwise every handler's future would reserve space for look-ups and checks.
        AtOnce::Counted(session) => {
            Box::pin(decided_for::<C, S, K>(parts, auth, state, access, session, false)).await
        }
        AtOnce::Open => Box::pin(strictly_decided::<C, S, K>(parts, auth, state, access, asker)).await,
    };
    match decided {
        // A user who opens a page for everybody can neither present another token nor remove the cookie. A refusal would show them an
        // error in place of the page until the cookie ends.
        Err(refusal)
            if refusal.bad_cookie && *access == Access::Optional && Destination::of(parts).is_window() =>
        {
            forget_bad_cookie(parts, auth);
            Ok(None)
        }
        decided => decided,
    }
}

/// Goes on as for a visitor who is not signed in; the answer takes the access cookie away.
pub(crate) fn forget_bad_cookie<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>) {
    forget::<C>(parts);
    if let Some((notes, cookie)) = AnswerNotes::of(&parts.extensions).zip(expired_access(auth)) {
        notes.set_cookie(cookie);
    }
}

/// How far the decision about a request comes without waiting.
enum AtOnce<C> {
    /// To its end, as for most requests, which need nothing but their token.
    Decided(Result<Option<Session<C>>, Refusal<C>>),
    /// The session of a user counts. Look-ups or checks have to follow.
    Counted(Option<Session<C>>),
    /// Nowhere: the token has to be verified with the keys of an issuer, or it is one of a machine, for which more counts.
    Open,
}

fn decided_at_once<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>, access: &Access) -> AtOnce<C> {
    let Some(verified) = verified_at_once(parts, auth) else { return AtOnce::Open };
    if matches!(&verified, Ok(Some(session)) if session.is_machine()) {
        return AtOnce::Open;
    }
    let session = match verified.and_then(|session| counted(parts, auth, access, session, false)) {
        Ok(session) => session,
        Err(refusal) => return AtOnce::Decided(Err(refusal)),
    };
    if session.as_ref().is_some_and(|session| has_look_ups(auth, access, session)) {
        return AtOnce::Counted(session);
    }
    match decide(access, &facts(auth, access, session.as_ref(), LookedUp::default())) {
        Decision::Granted => AtOnce::Decided(Ok(session)),
        Decision::Undecided(_) => AtOnce::Counted(session),
        refused => {
            let (denial, reason) = refusal(refused, auth, access);
            AtOnce::Decided(Err(Refusal { denial, reason, session, bad_cookie: false }))
        }
    }
}

async fn strictly_decided<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
    asker: Asker,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let session = verified(parts, auth).await?;
    let admitted = asker == Asker::Argument
        && session.as_ref().is_some_and(|session| session.is_machine() && is_admitted(parts, session));
    let session = counted(parts, auth, access, session, admitted)?;
    decided_for::<C, S, K>(parts, auth, state, access, session, admitted).await
}

/// The decision about a session that counts, with everything that it has to wait for. `admitted` says that it is of a machine which a gate has
/// let in.
async fn decided_for<C: SessionClaims, S: Sync, K: Checks<S>>(
    parts: &mut Parts,
    auth: &Auth<C>,
    state: &S,
    access: &Access,
    session: Option<Session<C>>,
    admitted: bool,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let looked_up = match &session {
        Some(session) => looked_up(parts, auth, access, session).await?,
        None => LookedUp::default(),
    };
    let mut facts = Facts { admitted, ..facts(auth, access, session.as_ref(), looked_up) };
    let (denial, reason) = loop {
        match decide(access, &facts) {
            Decision::Granted => {
                if let Some(machine) = session.as_ref().filter(|session| session.is_machine()) {
                    admit(parts, auth, machine);
                }
                return Ok(session);
            }
            Decision::Undecided(number) => {
                match checked::<S, K>(number, access, facts.checks, parts, state).await {
                    Ok(passed) => facts.checks.record(number, passed),
                    Err(denial) => break (denial, denial.code()),
                }
            }
            refused => break refusal(refused, auth, access),
        }
    };
    Err(Refusal { denial, reason, session, bad_cookie: false })
}

/// The session that counts for this access, after the protection against requests of other sites.
fn counted<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
    session: Option<Session<C>>,
    admitted: bool,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let session = match session {
        // A client is no user. Where anyone may call, it is a visitor.
        Some(client) if client.is_machine() && !admitted && *access == Access::Optional => {
            forget::<C>(parts);
            None
        }
        session => session,
    };
    if let Some(session) = &session
        // A browser also sends cookies with requests that other sites start (CSRF).
        && session.transport() == Transport::Cookie
    {
        csrf::check(parts, auth, session.id().map(SessionId::as_str))
            .map_err(|denial| Refusal::of(session, denial))?;
    }
    Ok(session)
}

/// The refusal as the caller learns it, and its reason for the log.
fn refusal<C: SessionClaims>(decision: Decision, auth: &Auth<C>, access: &Access) -> (Denial, &'static str) {
    match decision {
        Decision::Unauthenticated => (Denial::MissingCredentials, "missing_credentials"),
        Decision::Stale(max_age) => (Denial::StaleSignIn { max_age }, "stale_sign_in"),
        Decision::Hidden => (Denial::NotFound, "check_refused"),
        Decision::Refused => (Denial::Forbidden, "check_refused"),
        Decision::Impersonated => (Denial::Forbidden, "impersonated"),
        Decision::Machine => (Denial::Forbidden, "machine"),
        // Granted and undecided requests do not come here. If one ever did, it would be refused.
        Decision::Lacking | Decision::Granted | Decision::Undecided(_) => {
            let required = auth.discloses_requirements().then_some(*access);
            (Denial::InsufficientScope { required }, "insufficient_scope")
        }
    }
}

/// The facts about a request before any check has run.
fn facts<'a, C: SessionClaims>(
    auth: &Auth<C>,
    access: &Access,
    session: Option<&'a Session<C>>,
    looked_up: LookedUp,
) -> Facts<'a, C> {
    let LookedUp { live, both_tokens } = looked_up;
    let sign_in_age = session
        .filter(|_| access.asks_for_freshness())
        .and_then(|session| sign_in_age(auth, session.authenticated_at()?));
    let impersonated = session.is_some_and(|session| session.actor().is_some());
    let (claims, checks) = (session.map(Session::claims), CheckResults::default());
    let machine = session.is_some_and(Session::is_machine);
    let issuer = session.map_or(OWN_ISSUER, Session::issuer_name);
    Facts { claims, live, both_tokens, impersonated, machine, admitted: false, issuer, sign_in_age, checks }
}

/// The time since the sign-in; `None` for a sign-in in the future, which proves nothing. The leeway allows for clocks that differ.
fn sign_in_age<C: SessionClaims>(auth: &Auth<C>, authenticated_at: Timestamp) -> Option<Duration> {
    let now = auth.now();
    (authenticated_at <= now + auth.leeway()).then(|| now.since(authenticated_at))
}

/// The result of a check: the one from an earlier place in the rule if the same function has run there. A check that fails to answer
/// refuses the request.
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
    match K::run(number, parts, state).await {
        Ok(passed) => Ok(passed),
        // A malformed identifier in the path is answered like an unknown one, so that the two cannot be told apart.
        Err(CheckError::Argument { status, .. })
            if status.is_client_error() && access.check(number).is_some_and(Rule::is_hidden_check) =>
        {
            Ok(false)
        }
        Err(CheckError::Argument { status, cause }) => {
            let denial = unfit(status);
            if denial == Denial::Internal {
                let (check, route) = (name_of(number, access), route_of(parts));
                let cause = cause.as_deref().unwrap_or("its rejection has no text");
                tracing::error!(
                    target: TARGET, check, route, %status, error = %OneLine(cause),
                    "an argument of a check could not be extracted; change the arguments of the check, or give the application what the \
                     extractor misses"
                );
            }
            Err(denial)
        }
        Err(CheckError::Failed(cause)) => {
            let (check, route) = (name_of(number, access), route_of(parts));
            tracing::error!(target: TARGET, check, route, error = %OneLine(&*cause), "a check has failed");
            Err(Denial::Unavailable)
        }
    }
}

/// The result of the same function at an earlier place in the rule.
fn answered<S, K: Checks<S>>(number: usize, results: CheckResults) -> Option<bool> {
    let wanted = K::function(number)?;
    (0..number).find_map(|earlier| results.get(earlier).filter(|_| K::function(earlier) == Some(wanted)))
}

/// The denial for an argument of a check that could not be extracted; its extractor has chosen the status.
fn unfit(status: StatusCode) -> Denial {
    match status {
        StatusCode::NOT_FOUND => Denial::NotFound,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Denial::Forbidden,
        StatusCode::SERVICE_UNAVAILABLE => Denial::Unavailable,
        status if status.is_client_error() => Denial::InvalidRequest,
        _ => Denial::Internal,
    }
}

/// The name of a check, for the log.
fn name_of(number: usize, access: &Access) -> &'static str {
    match access.check(number) {
        Some(Rule::Check { name, .. }) => name,
        _ => "",
    }
}

/// The path of the route with its placeholders, for the log; empty outside a route.
fn route_of(parts: &Parts) -> &str {
    parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// The facts that the access token does not tell.
#[derive(Clone, Copy, Default)]
struct LookedUp {
    live: bool,
    both_tokens: bool,
}

/// Whether the store has to be asked, or the refresh token examined. The token of another issuer has no session in the store.
fn has_look_ups<C: SessionClaims>(auth: &Auth<C>, access: &Access, session: &Session<C>) -> bool {
    session.id().is_some() && (asks_for_liveness(auth, access) || access.asks_for_both_tokens())
}

fn asks_for_liveness<C: SessionClaims>(auth: &Auth<C>, access: &Access) -> bool {
    access.asks_for_liveness() || auth.liveness() == Liveness::Always
}

/// Asks the store and examines the refresh token, where the decision needs it.
async fn looked_up<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    access: &Access,
    session: &Session<C>,
) -> Result<LookedUp, Refusal<C>> {
    let mut found = LookedUp::default();
    // The token of another issuer has no session in the store. Rules that demand one are not met.
    let Some(id) = session.id() else { return Ok(found) };
    if asks_for_liveness(auth, access) {
        found.live = live(auth, session, id).await?;
        if !found.live {
            return Err(Refusal {
                reason: "session_ended",
                bad_cookie: session.transport() == Transport::Cookie,
                ..Refusal::of(session, Denial::InvalidToken)
            });
        }
    }
    if access.asks_for_both_tokens() {
        examined(parts, auth, session).await?;
        found.both_tokens = true;
    }
    Ok(found)
}

/// Whether the session is live and its token not revoked. The store is asked once for each request.
async fn live<C: SessionClaims>(
    auth: &Auth<C>,
    session: &Session<C>,
    id: &SessionId,
) -> Result<bool, Refusal<C>> {
    if session.was_found_live() {
        return Ok(true);
    }
    let holder = session.holder();
    let confirmed = auth.confirms(id, &holder, session.issued_at(), session.expires_at());
    match confirmed.await {
        Ok(live) => {
            if live {
                session.found_live();
            }
            Ok(live)
        }
        Err(cause) => {
            tracing::error!(target: TARGET, error = %OneLine(&cause), "a session could not be looked up");
            Err(Refusal::of(session, Denial::Unavailable))
        }
    }
}
