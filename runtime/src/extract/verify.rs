//! The verification of a request's access token.

use std::mem;
use std::sync::Arc;

use http::request::Parts;

use super::credentials::{Credential, access_credential};
use super::refusal::Refusal;
use super::remembered::{self, remember, remembered};
use crate::auth::{Auth, Evidence, Session};
use crate::claims::SessionClaims;
use crate::rejection::Denial;
use crate::session::SessionId;

/// The session of a request, as its guards have verified it. It is an entry of its own in the extensions: what stands under
/// [`Session`] is for services to read, anybody can put it there, and no guard believes it.
struct Known<C>(Session<C>);

/// Takes away what somebody else, or an earlier look, has left for those inside, to whom the request is nobody's.
pub(crate) fn forget<C: SessionClaims>(parts: &mut Parts) {
    parts.extensions.remove::<Session<C>>();
    remembered::forget::<Known<C>>(&mut parts.extensions);
}

/// The session of the request, verified at most once: the first to ask leaves it in the extensions.
pub(crate) fn verified<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
) -> Result<Option<Session<C>>, Refusal<C>> {
    let Some(credential) = access_credential(parts, auth.transports())? else {
        forget::<C>(parts);
        return Ok(None);
    };
    let now = auth.now();
    if let Some(Known(session)) = remembered::<Known<C>>(&parts.extensions, now)
        && is_verified_from(session, &credential, auth)
    {
        return Ok(Some(session.clone()));
    }
    let invalid = |reason| Refusal { denial: Denial::InvalidToken, reason, session: None };
    let mut token = auth.verify_access(credential.token()?).map_err(|error| invalid(error.reason()))?;
    // A token of ours always names a session; one that does not was not made by this crate.
    let id = SessionId::try_from(mem::take(&mut token.session_id)).map_err(|_| Denial::InvalidToken)?;
    let transport = credential.transport;
    let kept = credential.kept().ok_or(Denial::InvalidToken)?;
    let evidence = Evidence { credential: kept, realm: Arc::clone(auth.realm()) };
    let session = Session::new(id, token, transport, evidence);
    remember(&mut parts.extensions, Known(session.clone()), now);
    if let Some(shown) = parts.extensions.get_mut::<Session<C>>() {
        *shown = session.clone();
    }
    Ok(Some(session))
}

/// Whether the session was verified from this very credential, by this very `Auth`.
fn is_verified_from<C: SessionClaims>(
    session: &Session<C>,
    credential: &Credential<'_>,
    auth: &Auth<C>,
) -> bool {
    let Evidence { credential: kept, realm } = session.evidence();
    // The address of the realm is that of its `Auth`, which lives as long as this does.
    Arc::ptr_eq(realm, auth.realm()) && credential.is(session.transport(), kept)
}
