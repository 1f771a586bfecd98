//! The examination of a refresh token that is presented beside an access token.

use http::request::Parts;

use super::credentials::refresh_token_of;
use super::refusal::Refusal;
use super::remembered::{just_remembered, remember, remembered};
use crate::auth::{Auth, AuthError, RefreshSession, Session};
use crate::claims::SessionClaims;
use crate::log::{OneLine, TARGET};
use crate::rejection::Denial;

/// Both tokens of a request, as a guard has found them good.
pub(super) struct Examined<C>(pub(super) RefreshSession<C>);

/// Leaves what was found out for services inside, which have no extractors: the session, and whether both tokens were good.
pub(crate) fn show<C: SessionClaims>(parts: &mut Parts, session: Option<Session<C>>) {
    let Some(session) = session else { return };
    if let Some(Examined(both)) = just_remembered(&parts.extensions)
        && both.session().is_same(&session)
    {
        let both: RefreshSession<C> = both.clone();
        parts.extensions.insert(both);
    }
    parts.extensions.insert(session);
}

/// Leaves the [`RefreshSession`] of the request in its extensions, or says why there is none. It is judged at most once.
pub(super) async fn examined<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    session: &Session<C>,
) -> Result<(), Refusal<C>> {
    let refused = |denial, reason| Refusal { denial, reason, session: Some(session.clone()) };
    let malformed = |denial: Denial| refused(denial, denial.code());
    let Some(presented) = refresh_token_of(parts, auth).map_err(malformed)? else {
        return Err(malformed(Denial::MissingRefreshToken));
    };
    if let Some(Examined(known)) = remembered(&parts.extensions, auth.now())
        && known.session().is_same(session)
        && let (transport, kept) = known.presented()
        && presented.is(transport, kept)
    {
        return Ok(());
    }
    let token = presented.token().map_err(malformed)?;
    let subject = session.claims().subject().to_string();
    let examined = auth.examine(token, session.id(), &subject).await;
    let ticket = examined.map_err(|error| match error {
        AuthError::InvalidGrant(cause) => refused(Denial::InvalidToken, cause.reason()),
        error => {
            tracing::error!(target: TARGET, error = %OneLine(&error), "a refresh token could not be judged");
            malformed(Denial::Unavailable)
        }
    })?;
    let transport = presented.transport;
    let presented = presented.kept().ok_or_else(|| malformed(Denial::InvalidToken))?;
    let session = session.clone();
    let both = RefreshSession::new(session, ticket.expires_at, transport, presented);
    remember(&mut parts.extensions, Examined(both), auth.now());
    Ok(())
}
