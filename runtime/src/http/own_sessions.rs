//! The endpoints for users to look after their own sessions: list them, end one, the others or all.

use axum::extract::RawPathParams;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::{SessionInfo, SessionList, SignedOut, answer};
use crate::access::{Access, DeclaredWhere, DeclaresAccess, Rule};
use crate::auth::{Auth, ProvidesClaims, Session};
use crate::claims::SessionClaims;
use crate::extract::{for_request, required};
use crate::log::TARGET;
use crate::rejection::{AuthRejection, Denial};
use crate::session::{PageCursor, SessionId};

/// A signed-in user who looks after their own sessions, in person and with a session that has not ended.
///
/// The access token of an ended session, of a stolen device for example, may not end the sessions of its owner. Neither may an
/// impersonator. The look-up costs little, because these endpoints ask the store in any case.
pub(crate) struct Owner<C> {
    auth: Auth<C>,
    session: Session<C>,
}

impl<C, S> FromRequestParts<S> for Owner<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.provided();
        let session = required(parts, auth, &Self::ACCESS).await?;
        Ok(Self { auth: for_request(parts, auth), session })
    }
}

impl<C: SessionClaims> DeclaresAccess for Owner<C> {
    const ACCESS: Access = Access::Require(Rule::IN_PERSON);
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Session<C>;
}

/// The session of the request. The rule above is not met without one of this server.
fn own_session<C>(session: &Session<C>) -> Result<&SessionId, Denial> {
    session.id().ok_or(Denial::Forbidden)
}

/// The name of the parameter in the path of a session.
const ID: &str = "id";

/// The session that the path names. A text that is no identifier is not found, like an identifier of no session.
pub(crate) struct SessionPath(SessionId);

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let parameters =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| Denial::NotFound)?;
        // The last one: the prefix of an outer router may have an `{id}` too.
        let Some((_, id)) = parameters.iter().filter(|(name, _)| *name == ID).last() else {
            tracing::error!(target: TARGET, "the path of the endpoint that ends a session has no `{{id}}`; name the parameter so");
            return Err(Denial::Internal.into());
        };
        Ok(Self(id.parse().map_err(|_| Denial::NotFound)?))
    }
}

/// How many sessions a page has.
const PAGE: u32 = 100;

/// Where a page of the list begins: the parameter `after` of the query.
pub(crate) struct After(Option<PageCursor>);

impl<S: Send + Sync> FromRequestParts<S> for After {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AuthRejection> {
        let query = parts.uri.query().unwrap_or_default();
        let mut values = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "after")
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => Ok(Self(Some(value.parse().map_err(|_| Denial::InvalidRequest)?))),
            _ => Err(Denial::InvalidRequest.into()),
        }
    }
}

/// 204: the sessions have ended.
#[derive(Debug)]
pub(crate) struct Revoked(());

impl IntoResponse for Revoked {
    fn into_response(self) -> Response {
        answer::no_content()
    }
}

/// Lists the user's sessions, page by page.
///
/// The session of the request may end while the list is read. Such a list would not have it, so the caller is told that it has ended.
pub(crate) async fn list_sessions<C: SessionClaims>(
    Owner { auth, session }: Owner<C>,
    After(after): After,
) -> Result<SessionList, AuthRejection> {
    let page = auth.sessions_page(session.claims().subject(), after.as_ref(), PAGE).await?;
    let page = page.ok_or(Denial::InvalidRequest)?;
    let own = own_session(&session)?;
    let sessions: Vec<_> = page.sessions.iter().map(|record| SessionInfo::of(record, own)).collect();
    if !sessions.iter().any(|entry| entry.current) && !auth.has_session(own).await? {
        return Err(Denial::InvalidToken.into());
    }
    Ok(SessionList { sessions, next: page.next.map(|next| next.to_string()) })
}

/// Ends one of the user's sessions. The session of another user is not found, like one that does not exist.
pub(crate) async fn revoke_session<C: SessionClaims>(
    Owner { auth, session }: Owner<C>,
    SessionPath(id): SessionPath,
) -> Result<Revoked, AuthRejection> {
    match auth.revoke(session.claims().subject(), &id).await? {
        true => Ok(Revoked(())),
        false => Err(Denial::NotFound.into()),
    }
}

/// Ends every session of the user but the one of the request.
pub(crate) async fn revoke_other_sessions<C: SessionClaims>(
    Owner { auth, session }: Owner<C>,
) -> Result<Revoked, AuthRejection> {
    auth.revoke_all_except(session.claims().subject(), own_session(&session)?).await?;
    Ok(Revoked(()))
}

/// Ends every session of the user, and takes the cookies away.
pub(crate) async fn logout_all_sessions<C: SessionClaims>(
    Owner { auth, session }: Owner<C>,
) -> Result<SignedOut, AuthRejection> {
    auth.logout_all(session.claims().subject()).await?;
    Ok(SignedOut(Some(auth.expired_cookies())))
}
