//! The extractor of handlers that sign a user in.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;

use super::CookieTokens;
use crate::auth::{Auth, AuthError, ProvidesClaims, TokenPair};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, access_credential, csrf, for_request, refresh_token_of, refuse};
use crate::rejection::{AuthRejection, Denial};
use crate::session::{Remember, SessionMetadata};

/// Signs a user in, and keeps the request's description of the client.
///
/// An extractor for the handler that checks the password, or another proof of who the user is. It holds the client's
/// [metadata](SessionMetadata) and the tokens that the request still carries: the sign-in ends their session.
///
/// With [cookies](crate::Cookies), it refuses a `POST` that another site has sent (403): such a form would sign the user in to the
/// account of an attacker. A client that is no browser and sends neither `Sec-Fetch-Site` nor `Origin` adds any `X-CSRF-Token`. A
/// sign-in by `GET`, as at the end of an OAuth flow, is not refused; there the `state` of the flow proves who began it.
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
    remember: Remember,
    held: Vec<String>,
}

impl<C: SessionClaims> SignIn<C> {
    /// The client, as the request describes it.
    pub fn metadata(&self) -> &SessionMetadata {
        &self.metadata
    }

    /// Changes the metadata: for the address that a trusted proxy has handed on, or a name that the user has chosen.
    #[must_use]
    pub fn map_metadata(mut self, change: impl FnOnce(SessionMetadata) -> SessionMetadata) -> Self {
        self.metadata = change(self.metadata);
        self
    }

    /// Chooses lifetimes and cookies of this session alone: `sign_in.remember(form.remember_me)` for the box of a form, where `false`
    /// makes cookies that end with the browser; a [`Remember`] or [`Lifetimes`](crate::session::Lifetimes) for more.
    ///
    /// The choice is kept over every refresh and reauthentication of the session.
    ///
    /// ```
    /// use std::time::Duration;
    /// use countersign::session::Lifetimes;
    /// use countersign::{AuthError, CookieTokens, Remember, SessionClaims, SignIn};
    ///
    /// # #[derive(SessionClaims, Clone)]
    /// # struct User { #[claims(subject)] id: u64 }
    /// /// At a shared computer: gone with the browser, and after a day at the latest.
    /// async fn sign_in_as_guest(sign_in: SignIn<User>, user: &User) -> Result<CookieTokens, AuthError> {
    ///     let day = Duration::from_secs(24 * 60 * 60);
    ///     let guest = Remember::until_browser_closes().lifetimes(Lifetimes::new(day, day));
    ///     sign_in.remember(guest).cookies(user).await
    /// }
    /// ```
    #[must_use]
    pub fn remember(mut self, remember: impl Into<Remember>) -> Self {
        self.remember = remember.into();
        self
    }

    /// The answer to wrong credentials, 401 `invalid_credentials`: the same for every mistake in them. It is one event. The `reason`
    /// is a constant such as `wrong_password`, and never text that the caller has typed.
    ///
    /// For an answer of another kind, [`Auth::record_refused_sign_in`] records the event alone.
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
        // The old session ends before the new one opens, so that tokens for both never exist.
        for token in &self.held {
            self.auth.logout(token).await?;
        }
        self.auth.login_with(user, self.metadata, self.remember).await
    }

    /// Signs in, with the tokens in cookies: for browsers.
    ///
    /// Call it after the user has proved who they are. The session whose tokens the request carries ends first.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoCookies`] unless [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was called; otherwise as
    /// [`Auth::login`].
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
        Ok(Self { auth: for_request(parts, auth), metadata, remember: Remember::default(), held })
    }
}

/// The tokens that the request carries, after a check of who sent it. They are not verified: ending a session that does not exist
/// is no error.
fn held<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> Result<Vec<String>, Denial> {
    if auth.transports().cookies.is_some() {
        csrf::check(parts, auth, None)?;
    }
    let credentials = [access_credential(parts, auth.transports())?, refresh_token_of(parts, auth)?];
    let tokens = credentials.iter().flatten().filter_map(|credential| credential.token().ok());
    Ok(tokens.filter_map(|token| str::from_utf8(token).ok()).map(str::to_owned).collect())
}
