//! The examination of a refresh token that accompanies an access token.

use http::request::Parts;

use super::credentials::refresh_token_of;
use super::refusal::Refusal;
use super::remembered::{just_remembered, remember, remembered};
use crate::auth::{Auth, AuthError, RefreshSession, Session};
use crate::claims::SessionClaims;
use crate::log::{OneLine, TARGET};
use crate::rejection::Denial;

/// A request's session after both of its tokens were found valid.
pub(super) struct Examined<C>(pub(super) RefreshSession<C>);

/// Puts the session, and the [`RefreshSession`] if both tokens were valid, into the extensions for inner services, which have no
/// extractors.
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

/// Examines the refresh token, at most once for each request, and remembers the [`RefreshSession`] in the extensions.
pub(super) async fn examined<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    session: &Session<C>,
) -> Result<(), Refusal<C>> {
    let refused = |denial| Refusal::of(session, denial);
    let Some(presented) = refresh_token_of(parts, auth).map_err(refused)? else {
        return Err(refused(Denial::MissingRefreshToken));
    };
    if let Some(Examined(earlier)) = remembered(&parts.extensions, auth.now())
        && earlier.session().is_same(session)
        && let (transport, kept) = earlier.presented()
        && presented.is(transport, kept)
    {
        return Ok(());
    }
    let token = presented.token().map_err(refused)?;
    let subject = session.claims().subject().to_string();
    let id = *session.id().ok_or_else(|| refused(Denial::Forbidden))?;
    let examined = auth.examine(token, &id, &subject).await;
    let ticket = examined.map_err(|error| match error {
        AuthError::InvalidGrant(cause) => Refusal { reason: cause.reason(), ..refused(Denial::InvalidToken) },
        error => {
            tracing::error!(target: TARGET, error = %OneLine(&error), "a refresh token could not be examined");
            refused(Denial::Unavailable)
        }
    })?;
    let transport = presented.transport;
    let presented = presented.kept().ok_or_else(|| refused(Denial::InvalidToken))?;
    let session = session.clone();
    let both = RefreshSession::new(session, id, ticket.expires_at, transport, presented);
    remember(&mut parts.extensions, Examined(both), auth.now());
    Ok(())
}
