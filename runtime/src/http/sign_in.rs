//! What a handler needs to sign a user in.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::CookieTokens;
use crate::auth::{Auth, AuthError, ProvidesClaims, TokenPair};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, access_credential, csrf, placed, refresh_token_of, refuse};
use crate::rejection::{AuthRejection, Denial};
use crate::session::SessionMetadata;

/// Signs a user in with what the request says of the client.
///
/// An extractor for the handler that checks the password, or whatever proves who the user is. It knows the client's
/// [metadata](SessionMetadata), and the session whose tokens the request still carries: a sign-in ends that one.
///
/// Where [cookies](crate::Cookies) are switched on, it refuses a `POST` that another site has sent (403): such a form would sign
/// the user in as somebody else. A client that is no browser and sends neither `Sec-Fetch-Site` nor `Origin` adds any
/// `X-CSRF-Token`. A sign-in by `GET`, as at the end of an OAuth flow, is not refused; there the `state` of the flow says who began it.
///
/// ```
/// use axum::Json;
/// use countersign::{AuthRejection, CookieTokens, SessionClaims, SignIn, public};
/// # use serde::Deserialize;
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
/// # #[derive(Deserialize)]
/// # struct Credentials { name: String, password: String }
/// # async fn check(_: &Credentials) -> Option<User> { None }
///
/// #[public(reason = "the password is the credential")]
/// async fn login(
///     sign_in: SignIn<User>,
///     Json(credentials): Json<Credentials>,
/// ) -> Result<CookieTokens, AuthRejection> {
///     let user = check(&credentials).await.ok_or_else(|| sign_in.refused("wrong_password"))?;
///     Ok(sign_in.cookies(&user).await?)
/// }
/// ```
pub struct SignIn<C> {
    auth: Auth<C>,
    metadata: SessionMetadata,
    held: Vec<String>,
}

impl<C: SessionClaims> SignIn<C> {
    /// What the request says of the client.
    pub fn metadata(&self) -> &SessionMetadata {
        &self.metadata
    }

    /// Changes what is kept of the client: the address that a trusted proxy has handed on, a name that the user has chosen.
    #[must_use]
    pub fn map_metadata(mut self, change: impl FnOnce(SessionMetadata) -> SessionMetadata) -> Self {
        self.metadata = change(self.metadata);
        self
    }

    /// The answer to wrong credentials, 401 `invalid_credentials`: the same whatever was wrong with them. It is one event, whose
    /// `reason` is a constant such as `wrong_password`, and never what the caller has typed.
    ///
    /// For an answer of another kind, [`Auth::record_refused_sign_in`] makes the event alone.
    pub fn refused(&self, reason: &'static str) -> AuthRejection {
        self.auth.record_refused_sign_in(reason);
        AuthRejection::new(Denial::InvalidCredentials, self.auth.realm())
    }

    /// Signs in, with both tokens in the answer: for clients that are no browsers.
    ///
    /// Call it after the user has proved who they are. The session whose tokens the request carries ends first.
    ///
    /// # Errors
    ///
    /// As [`Auth::login`].
    pub async fn tokens(self, user: &C) -> Result<TokenPair, AuthError> {
        // Before the new session, so that there are never tokens for both.
        for token in &self.held {
            self.auth.logout(token).await?;
        }
        self.auth.login(user, self.metadata).await
    }

    /// Signs in, with the tokens in cookies: for browsers.
    ///
    /// Call it after the user has proved who they are. The session whose tokens the request carries ends first.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoCookies`] unless [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was called; else as [`Auth::login`].
    pub async fn cookies(self, user: &C) -> Result<CookieTokens, AuthError> {
        if self.auth.transports().cookies.is_none() {
            return Err(AuthError::NoCookies);
        }
        let auth = self.auth.clone();
        auth.in_cookies(self.tokens(user).await?)
    }
}

// Not derived: it would show the tokens.
impl<C> fmt::Debug for SignIn<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("metadata", &self.metadata).finish_non_exhaustive()
    }
}

impl<C, S> FromRequestParts<S> for SignIn<C>
where
    C: SessionClaims,
    S: ProvidesClaims<C>,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AuthRejection> {
        let auth = state.provided();
        let held = held(parts, auth).map_err(|denial| refuse(parts, auth, None, &Refusal::from(denial)))?;
        let Ok(metadata) = SessionMetadata::from_request_parts(parts, state).await;
        Ok(Self { auth: placed(parts, auth), metadata, held })
    }
}

/// The tokens that the request carries, once it is clear who sent it. They need not be valid, nor even tokens.
fn held<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> Result<Vec<String>, Denial> {
    if auth.transports().cookies.is_some() {
        csrf::check(parts, auth, csrf::Subject::SignIn)?;
    }
    let credentials = [access_credential(parts, auth.transports())?, refresh_token_of(parts, auth)?];
    let tokens = credentials.iter().flatten().filter_map(|credential| credential.token().ok());
    Ok(tokens.filter_map(|token| str::from_utf8(token).ok()).map(str::to_owned).collect())
}
