//! Both tokens of one session.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Session;
use super::authorize::{Refusal, authorize};
use crate::TARGET;
use crate::access::{Access, DeclaresAccess, Rule};
use crate::auth::{Auth, AuthError, ProvidesClaims};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::rejection::{AuthRejection, Denial};

const X_REFRESH_TOKEN: HeaderName = HeaderName::from_static("x-refresh-token");

/// The signed-in user, who presented the access token and the refresh token of one session that has not ended.
///
/// For routes where a stolen access token must not be enough: change of password, end of the account, payment. The access token
/// stands where it always does, the refresh token in the header `X-Refresh-Token`. The refresh token is judged by the rule that
/// an exchange follows, and is not used up: whoever presents one that was exchanged long ago ends the session, as at a refresh
/// (RFC 9700 section 4.14.2).
///
/// Refused are: no access token or a bad one, as with [`Session`]; no refresh token (401); a refresh token that is malformed, expired,
/// used up, or of another session or user, and a session that has ended (401 `invalid_token`); two refresh tokens (400); a store that does
/// not answer (503).
///
/// ```
/// use countersign::{RefreshSession, SessionClaims};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// #[utoipa::path(delete, path = "/account")]
/// async fn close_account(session: RefreshSession<User>) -> String {
///     format!("goodbye, {}", session.claims().id)
/// }
/// # fn router(auth: countersign::Auth<User>) -> countersign::AuthRouter {
/// #     countersign::AuthRouter::new().routes(countersign::routes!(close_account)).with_state(auth)
/// # }
/// ```
pub struct RefreshSession<C> {
    session: Session<C>,
    expires_at: Timestamp,
    presented: HeaderValue,
}

impl<C> RefreshSession<C> {
    /// What the access token says about its user.
    pub fn claims(&self) -> &C {
        self.session.claims()
    }

    /// The session, as its access token tells it.
    pub fn session(&self) -> &Session<C> {
        &self.session
    }

    /// The session by value.
    pub fn into_session(self) -> Session<C> {
        self.session
    }

    /// When the refresh token ends.
    pub fn refresh_expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl<C> Clone for RefreshSession<C> {
    fn clone(&self) -> Self {
        let Self { session, expires_at, presented } = self;
        Self { session: session.clone(), expires_at: *expires_at, presented: presented.clone() }
    }
}

// Not derived: it would show the token.
impl<C: fmt::Debug> fmt::Debug for RefreshSession<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshSession").field("session", &self.session).finish_non_exhaustive()
    }
}

/// The one refresh token of a request.
fn presented(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Denial> {
    let mut values = headers.get_all(X_REFRESH_TOKEN).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Denial::InvalidRequest),
        (Some(value), None) if value.is_empty() => Err(Denial::InvalidRequest),
        (first, None) => Ok(first),
    }
}

/// Leaves the [`RefreshSession`] of the request in its extensions, or says why there is none. It is judged at most once.
pub(super) async fn examined<C: SessionClaims>(
    parts: &mut Parts,
    auth: &Auth<C>,
    session: &Session<C>,
) -> Result<(), Refusal<C>> {
    let refused = |denial, reason| Refusal { denial, reason, session: Some(session.clone()) };
    let malformed = |denial: Denial| refused(denial, denial.code());
    let Some(token) = presented(&parts.headers).map_err(malformed)? else {
        return Err(malformed(Denial::MissingRefreshToken));
    };
    if let Some(known) = parts.extensions.get::<RefreshSession<C>>()
        && known.session.is_same(session)
        && known.presented == *token
    {
        return Ok(());
    }
    let subject = session.claims().subject().to_string();
    let examined = auth.examine(token.as_bytes(), session.id(), &subject).await;
    let ticket = examined.map_err(|error| match error {
        AuthError::InvalidGrant(cause) => refused(Denial::InvalidToken, cause.reason()),
        error @ (AuthError::Mint(_) | AuthError::Unavailable(_)) => {
            tracing::error!(target: TARGET, error = ?error, "a refresh token could not be judged");
            malformed(Denial::Unavailable)
        }
    })?;
    let mut presented = token.clone();
    presented.set_sensitive(true);
    let session = session.clone();
    parts.extensions.insert(RefreshSession { session, expires_at: ticket.expires_at, presented });
    Ok(())
}

impl<C, S> FromRequestParts<S> for RefreshSession<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.provided();
        authorize(parts, auth, &Self::ACCESS).await?;
        let found = parts.extensions.get().cloned();
        found.ok_or_else(|| AuthRejection::new(Denial::MissingRefreshToken, auth.realm()))
    }
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for RefreshSession<C> {
    const ACCESS: Access = Access::Require(Rule::BothTokens);
    type Demands = Session<C>;
}
