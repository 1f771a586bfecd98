//! Both tokens of one session.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::HeaderValue;
use http::request::Parts;

use super::authorize::{Refusal, authorize};
use super::credentials::refresh_token_of;
use super::remembered::{just_remembered, remember, remembered};
use super::{Session, Transport};
use crate::TARGET;
use crate::access::{Access, Declarer, DeclaresAccess, Rule};
use crate::auth::{Auth, AuthError, ProvidesClaims};
use crate::claims::SessionClaims;
use crate::clock::Timestamp;
use crate::one_line::OneLine;
use crate::rejection::{AuthRejection, Denial};

/// The signed-in user, who presented the access token and the refresh token of one session that has not ended.
///
/// For routes where a stolen access token must not be enough: change of password, end of the account, payment. The access token
/// stands where it always does, the refresh token in the header `X-Refresh-Token` or in its [cookie](crate::Cookies). The refresh token is judged by the rule that
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
    transport: Transport,
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
        let Self { session, expires_at, transport, presented } = self;
        let (session, presented) = (session.clone(), presented.clone());
        Self { session, expires_at: *expires_at, transport: *transport, presented }
    }
}

// Not derived: it would show the token.
impl<C: fmt::Debug> fmt::Debug for RefreshSession<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshSession").field("session", &self.session).finish_non_exhaustive()
    }
}

/// Both tokens of a request, as a guard has found them good.
struct Examined<C>(RefreshSession<C>);

/// Leaves what was found out for services inside, which have no extractors: the session, and whether both tokens were good.
pub(crate) fn show<C: SessionClaims>(parts: &mut Parts, session: Option<Session<C>>) {
    let Some(session) = session else { return };
    if let Some(Examined(both)) = just_remembered(&parts.extensions)
        && both.session.is_same(&session)
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
        && known.session.is_same(session)
        && presented.is(known.transport, &known.presented)
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
    let both = RefreshSession { session, expires_at: ticket.expires_at, transport, presented };
    remember(&mut parts.extensions, Examined(both), auth.now());
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
        match just_remembered(&parts.extensions) {
            Some(Examined(both)) => Ok(both.clone()),
            None => Err(AuthRejection::new(Denial::MissingRefreshToken, auth.realm())),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for RefreshSession<C> {
    const ACCESS: Access = Access::Require(Rule::BothTokens);
    const DECLARER: Declarer = Declarer::Extractor;
    type Demands = Session<C>;
}
