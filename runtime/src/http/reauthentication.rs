//! The extractor of handlers that ask a signed-in user again for their password.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::{CookieTokens, TokenAnswer};
use crate::access::{Access, DeclaredWhere, DeclaresAccess, Rule};
use crate::auth::{Auth, AuthError, ProvidesClaims, Session, TokenPair, Transport};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, csrf, for_request, refresh_token_of, refuse, required};
use crate::rejection::{AuthRejection, Denial};

/// A signed-in user who proves again who they are, before an operation for which a stolen session must not be enough.
///
/// An extractor for the handler that checks the password, or another proof of who the user is. It refuses a caller who is not
/// signed in and a session that has ended (both 401), and an impersonator (403). With cookies it also refuses a request that another
/// site has sent (403), as [`Session`] does. The answer has new tokens of the same session, which [`Auth::reauthenticate`] makes.
/// [`answer`](Self::answer) gives them the way the client holds its session.
///
/// ```
/// use axum::Json;
/// use countersign::{AuthRejection, AuthRouter, Reauthentication, SessionClaims, TokenAnswer, routes};
/// # use serde::Deserialize;
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
/// # #[derive(Deserialize)]
/// # struct Password { password: String }
/// # async fn is_right(_: u64, _: &Password) -> bool { true }
///
/// #[utoipa::path(post, path = "/confirm")]
/// async fn confirm(
///     caller: Reauthentication<User>,
///     Json(password): Json<Password>,
/// ) -> Result<TokenAnswer, AuthRejection> {
///     if !is_right(caller.session().claims().id, &password).await {
///         return Err(caller.refused("wrong_password"));
///     }
///     Ok(caller.answer().await?)
/// }
/// # fn router(auth: countersign::Auth<User>) -> AuthRouter {
/// #     AuthRouter::new().routes(routes!(confirm)).with_state(auth)
/// # }
/// ```
pub struct Reauthentication<C> {
    auth: Auth<C>,
    session: Session<C>,
    /// The request's refresh token is in its cookie.
    holds_cookies: bool,
}

impl<C: SessionClaims> Reauthentication<C> {
    /// The session of the caller.
    pub fn session(&self) -> &Session<C> {
        &self.session
    }

    /// The answer to wrong credentials, 401 `invalid_credentials`, as [`SignIn::refused`](crate::SignIn::refused). The session goes
    /// on, so limit the attempts of its user.
    ///
    /// For an answer of another kind, [`Auth::record_refused_reauthentication`] records the event alone.
    pub fn refused(&self, reason: &'static str) -> AuthRejection {
        self.auth.record_refused_reauthentication(&self.session, reason);
        AuthRejection::new(Denial::InvalidCredentials, self.auth.realm())
    }

    /// Issues new tokens, and answers the way the client holds its session: in cookies if the request has the session's refresh token in
    /// its cookie, or the access token in one; in the body for every other client.
    ///
    /// Call it after the user has proved who they are.
    ///
    /// # Errors
    ///
    /// As [`Auth::reauthenticate`].
    pub async fn answer(self) -> Result<TokenAnswer, AuthError> {
        if self.holds_cookies {
            self.cookies().await.map(TokenAnswer::Cookies)
        } else {
            self.tokens().await.map(TokenAnswer::Tokens)
        }
    }

    /// Issues new tokens in the body: for clients that are no browsers. A browser that holds its refresh token in a cookie keeps the old
    /// one there, and its next refresh ends the session; use [`answer`](Self::answer) where both kinds of client come.
    ///
    /// Call it after the user has proved who they are.
    ///
    /// # Errors
    ///
    /// As [`Auth::reauthenticate`].
    pub async fn tokens(self) -> Result<TokenPair, AuthError> {
        self.auth.reauthenticate(&self.session).await
    }

    /// Issues new tokens in cookies: for browsers.
    ///
    /// Call it after the user has proved who they are.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoCookies`] unless [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was called; otherwise as
    /// [`Auth::reauthenticate`].
    pub async fn cookies(self) -> Result<CookieTokens, AuthError> {
        if self.auth.transports().cookies.is_none() {
            return Err(AuthError::NoCookies);
        }
        self.auth.in_cookies(self.auth.reauthenticate(&self.session).await?)
    }
}

// Not derived: the output of an `Auth` would say nothing about the session.
impl<C: fmt::Debug> fmt::Debug for Reauthentication<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reauthentication").field("session", &self.session).finish_non_exhaustive()
    }
}

impl<C, S> FromRequestParts<S> for Reauthentication<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.provided();
        let session = required(parts, auth, &Self::ACCESS).await?;
        // A token in a header proves that no form has sent it, and the sender of a cookie has been checked. But a form of another site
        // can carry a token in its address, and the cookies in the answer would sign its user in to the account of that token.
        if session.transport() == Transport::Query && auth.transports().cookies.is_some() {
            csrf::check(parts, auth, None)
                .map_err(|denial| refuse(parts, auth, Some(Self::ACCESS), &Refusal::of(&session, denial)))?;
        }
        let holds_cookies = holds_cookies(parts, auth, &session);
        Ok(Self { auth: for_request(parts, auth), session, holds_cookies })
    }
}

/// Whether the client holds the session in cookies. A page may hold its access token itself, and leave the refresh token to the browser.
fn holds_cookies<C: SessionClaims>(parts: &Parts, auth: &Auth<C>, session: &Session<C>) -> bool {
    match refresh_token_of(parts, auth) {
        Ok(Some(refresh)) if refresh.transport != Transport::Cookie => false,
        Ok(Some(refresh)) => {
            let of_token = refresh.token().ok().and_then(|token| auth.session_of_refresh_token(token));
            of_token.is_some_and(|token| session.id().is_some_and(|id| token == id.as_str()))
                || session.transport() == Transport::Cookie
        }
        _ => session.transport() == Transport::Cookie,
    }
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for Reauthentication<C> {
    const ACCESS: Access = Access::Require(Rule::IN_PERSON);
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Session<C>;
}
