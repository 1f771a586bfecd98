//! What a handler needs to ask a signed-in user again who they are.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::CookieTokens;
use crate::access::{Access, DeclaredWhere, DeclaresAccess, Rule};
use crate::auth::{Auth, AuthError, ProvidesClaims, Session, TokenPair, Transport};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, authorize, csrf, placed, refuse};
use crate::rejection::{AuthRejection, Denial};

/// A signed-in user who proves again who they are, before something that a stolen session must not be enough for.
///
/// An extractor for the handler that checks the password, or whatever proves who the user is. It refuses whoever is not signed in,
/// a session that has ended (both 401), and somebody who acts for the user (403), and with cookies what [`Session`] and
/// [`SignIn`](crate::SignIn) refuse, a request that another site has sent (403). What then comes back are new tokens of the same
/// session, as [`Auth::reauthenticate`] makes them.
///
/// ```
/// use axum::Json;
/// use countersign::{AuthRejection, AuthRouter, CookieTokens, Reauthentication, SessionClaims, routes};
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
/// ) -> Result<CookieTokens, AuthRejection> {
///     if !is_right(caller.session().claims().id, &password).await {
///         return Err(caller.refused("wrong_password"));
///     }
///     Ok(caller.cookies().await?)
/// }
/// # fn router(auth: countersign::Auth<User>) -> AuthRouter {
/// #     AuthRouter::new().routes(routes!(confirm)).with_state(auth)
/// # }
/// ```
pub struct Reauthentication<C> {
    auth: Auth<C>,
    session: Session<C>,
}

impl<C: SessionClaims> Reauthentication<C> {
    /// The session of the caller.
    pub fn session(&self) -> &Session<C> {
        &self.session
    }

    /// The answer to wrong credentials, 401 `invalid_credentials`, as [`SignIn::refused`](crate::SignIn::refused). The session goes
    /// on; count the attempts of its user.
    ///
    /// For an answer of another kind, [`Auth::record_refused_reauthentication`] makes the event alone.
    pub fn refused(&self, reason: &'static str) -> AuthRejection {
        self.auth.record_refused_reauthentication(&self.session, reason);
        AuthRejection::new(Denial::InvalidCredentials, self.auth.realm())
    }

    /// Gives out new tokens in the answer: for clients that are no browsers.
    ///
    /// Call it after the user has proved who they are.
    ///
    /// # Errors
    ///
    /// As [`Auth::reauthenticate`].
    pub async fn tokens(self) -> Result<TokenPair, AuthError> {
        self.auth.reauthenticate(&self.session).await
    }

    /// Gives out new tokens in cookies: for browsers.
    ///
    /// Call it after the user has proved who they are.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoCookies`] unless [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was called; else as
    /// [`Auth::reauthenticate`].
    pub async fn cookies(self) -> Result<CookieTokens, AuthError> {
        if self.auth.transports().cookies.is_none() {
            return Err(AuthError::NoCookies);
        }
        self.auth.in_cookies(self.auth.reauthenticate(&self.session).await?)
    }
}

// Not derived: an `Auth` says nothing.
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
        let session = authorize(parts, auth, &Self::ACCESS).await?;
        let session = session.ok_or_else(|| AuthRejection::new(Denial::MissingCredentials, auth.realm()))?;
        check_sender(parts, auth, &session)?;
        Ok(Self { auth: placed(parts, auth), session })
    }
}

/// A token in a header shows that no form has sent it, and a cookie was checked before. A form of another site can carry a token in
/// its address, and the cookies in the answer would make the browser's user somebody else.
fn check_sender<C: SessionClaims>(
    parts: &Parts,
    auth: &Auth<C>,
    session: &Session<C>,
) -> Result<(), AuthRejection> {
    if session.transport() != Transport::Query || auth.transports().cookies.is_none() {
        return Ok(());
    }
    csrf::check(parts, auth, csrf::Subject::SignIn).map_err(|denial| {
        let refusal = Refusal { denial, reason: denial.code(), session: Some(session.clone()) };
        refuse(parts, auth, Some(<Reauthentication<C> as DeclaresAccess>::ACCESS), &refusal)
    })
}

#[diagnostic::do_not_recommend]
impl<C: SessionClaims> DeclaresAccess for Reauthentication<C> {
    const ACCESS: Access = Access::Require(Rule::IN_PERSON);
    const DECLARED: DeclaredWhere = DeclaredWhere::Argument;
    type Demands = Session<C>;
}
