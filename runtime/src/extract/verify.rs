//! The verification of a request's access token.

use std::mem;
use std::sync::Arc;

use http::request::Parts;

use super::credentials::{Credential, access_credential};
use super::notes::decided_by;
use super::refusal::Refusal;
use super::remembered::{self, remember, remembered};
use crate::auth::{Auth, Evidence, Session, Transport};
use crate::claims::SessionClaims;
use crate::rejection::Denial;
use crate::session::SessionId;

/// The verified session of a request. It is a private type: any code can put a [`Session`] into the extensions, so guards read this entry
/// alone, and `Session` is there for services to read.
struct Verified<C>(Session<C>);

/// Removes any session left in the extensions, so that inner services see an anonymous request.
pub(crate) fn forget<C: SessionClaims>(parts: &mut Parts) {
    parts.extensions.remove::<Session<C>>();
    remembered::forget::<Verified<C>>(&mut parts.extensions);
}

/// The session of the request; `None` without credentials. The token is verified at most once: the session stays in the extensions.
pub(crate) fn verified<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let found = verify(parts, auth);
    let good = found.as_ref().ok().and_then(Option::as_ref).map(Session::transport);
    decided_by(parts, auth, good);
    found
}

fn verify<C: SessionClaims>(parts: &mut Parts, auth: &Auth<C>) -> Result<Option<Session<C>>, Refusal<C>> {
    let Some(credential) = access_credential(parts, auth.transports())? else {
        forget::<C>(parts);
        return Ok(None);
    };
    let now = auth.now();
    if let Some(Verified(session)) = remembered::<Verified<C>>(&parts.extensions, now)
        && is_verified_from(session, &credential, auth)
    {
        return Ok(Some(session.clone()));
    }
    let transport = credential.transport;
    let invalid = |reason| Refusal {
        denial: Denial::InvalidToken,
        reason,
        session: None,
        bad_cookie: transport == Transport::Cookie,
    };
    let mut token = auth.verify_access(credential.token()?).map_err(|error| invalid(error.reason()))?;
    // Every token made by this crate names a session.
    let id = SessionId::try_from(mem::take(&mut token.session_id)).map_err(|_| invalid("invalid_token"))?;
    let kept = credential.kept().ok_or_else(|| invalid("invalid_token"))?;
    let evidence = Evidence { credential: kept, realm: Arc::clone(auth.realm()) };
    let session = Session::new(id, token, transport, evidence, auth);
    remember(&mut parts.extensions, Verified(session.clone()), now);
    if let Some(shown) = parts.extensions.get_mut::<Session<C>>() {
        *shown = session.clone();
    }
    Ok(Some(session))
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
