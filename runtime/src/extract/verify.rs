//! The verification of a request's access token.

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;

use super::admitted;
use super::credentials::{Credential, access_credential};
use super::notes::decided_by;
use super::refusal::Refusal;
use super::remembered::{self, remember, remembered};
use crate::auth::{AtOnce, Auth, Evidence, Grant, Session, Transport};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::rejection::Denial;

/// The verified session of a request. It is a private type: any code can put a [`Session`] into the extensions, so guards read this entry
/// alone, and `Session` is there for services to read.
struct Verified<C>(Session<C>);

/// Removes any session left in the extensions, so that inner services see an anonymous request.
pub(crate) fn forget<C: SessionClaims>(parts: &mut Parts) {
    parts.extensions.remove::<Session<C>>();
    remembered::forget::<Verified<C>>(&mut parts.extensions);
    admitted::forget(&mut parts.extensions);
}

/// The session of the request; `None` without credentials. The token is verified at most once: the session stays in the extensions.
pub(crate) async fn verified<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let found = match verify(parts, auth) {
        Ok(Found::Session(session)) => Ok(Some(session)),
        Ok(Found::Nothing) => Ok(None),
        // Boxed: otherwise every handler's future would reserve space for the fetch of a key.
        Ok(Found::OfIssuer(presented)) => Box::pin(verify_of_issuer(parts, auth, presented)).await.map(Some),
        Err(refusal) => Err(refusal),
    };
    noted(parts, auth, found)
}

/// As [`verified`], where nothing has to be waited for; `None` where something has.
pub(super) fn verified_at_once<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Option<Result<Option<Session<C>>, Refusal<C>>> {
    let found = match verify(parts, auth) {
        Ok(Found::Session(session)) => Ok(Some(session)),
        Ok(Found::Nothing) => Ok(None),
        Ok(Found::OfIssuer(_)) => return None,
        Err(refusal) => Err(refusal),
    };
    Some(noted(parts, auth, found))
}

/// Notes for the answer what has decided.
fn noted<C: SessionClaims>(
    parts: &Parts,
    auth: &Auth<C>,
    found: Result<Option<Session<C>>, Refusal<C>>,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let good = found.as_ref().ok().and_then(Option::as_ref).map(Session::transport);
    decided_by(parts, auth, good);
    found
}

/// What a request presents.
enum Found<C> {
    Nothing,
    Session(Session<C>),
    /// The token of another issuer, which takes time to verify.
    OfIssuer(Presented),
}

struct Presented {
    token: Vec<u8>,
    transport: Transport,
    kept: HeaderValue,
}

fn verify<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>) -> Result<Found<C>, Refusal<C>> {
    let Some(credential) = access_credential(parts, auth.transports())? else {
        forget::<C>(parts);
        return Ok(Found::Nothing);
    };
    let now = auth.now();
    if let Some(Verified(session)) = remembered::<Verified<C>>(&parts.extensions, now)
        && is_verified_from(session, &credential, auth)
    {
        return Ok(Found::Session(session.clone()));
    }
    let transport = credential.transport;
    let token = credential.token()?;
    let answer = auth.verify_at_once(token, now).map_err(|reason| invalid(reason, transport))?;
    let kept = credential.kept().ok_or_else(|| invalid("invalid_token", transport))?;
    match answer {
        AtOnce::Good(grant) => keep(parts, auth, grant, (transport, kept), now).map(Found::Session),
        // The cookies are of this server's sessions. Refused before the application is asked who the user is.
        AtOnce::OfIssuer if transport == Transport::Cookie => Err(invalid("cookie_of_issuer", transport)),
        AtOnce::OfIssuer => Ok(Found::OfIssuer(Presented { token: token.to_vec(), transport, kept })),
    }
}

async fn verify_of_issuer<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    Presented { token, transport, kept }: Presented,
) -> Result<Session<C>, Refusal<C>> {
    match auth.verify_of_issuer(&token).await {
        // Read now: the verification may have waited.
        Ok(grant) => keep(parts, auth, grant, (transport, kept), auth.now()),
        Err(refusal) if refusal.is_outage() => {
            Err(Refusal { reason: refusal.reason(), ..Denial::Unavailable.into() })
        }
        Err(refusal) => Err(invalid(refusal.reason(), transport)),
    }
}

fn invalid<C>(reason: &'static str, transport: Transport) -> Refusal<C> {
    Refusal {
        denial: Denial::InvalidToken,
        reason,
        session: None,
        bad_cookie: transport == Transport::Cookie,
    }
}

/// Makes the session of a verified token, and keeps it for the rest of the request.
fn keep<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    grant: Arc<Grant<C>>,
    (transport, kept): (Transport, HeaderValue),
    now: Timestamp,
) -> Result<Session<C>, Refusal<C>> {
    // The cookies are of this server's sessions, and so is the protection against requests of other sites that goes with them.
    if transport == Transport::Cookie && grant.session.is_none() {
        return Err(invalid("cookie_of_issuer", transport));
    }
    let evidence = Evidence { credential: kept, realm: Arc::clone(auth.realm()) };
    let session = Session::new(grant, transport, evidence, auth);
    remember(&mut parts.extensions, Verified(session.clone()), now);
    if let Some(shown) = parts.extensions.get_mut::<Session<C>>() {
        *shown = session.clone();
    }
    Ok(session)
}

/// Whether the session was verified from this credential and by this `Auth`: a request can pass through routers with different keys.
fn is_verified_from<C: SessionClaims>(
    session: &Session<C>,
    credential: &Credential<'_>,
    auth: &Auth<C>,
) -> bool {
    let Evidence { credential: kept, realm } = session.evidence();
    // All handles of one `Auth` share one realm, so its address identifies the `Auth`. The session holds the realm, so the address is not
    // reused while it is compared.
    Arc::ptr_eq(realm, auth.realm()) && credential.is(session.transport(), kept)
}
