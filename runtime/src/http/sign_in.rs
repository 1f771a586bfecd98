//! The extractor of handlers that sign a user in.

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;

use super::{CookieTokens, TokenAnswer};
use crate::auth::{Auth, AuthError, CookieRules, ProvidesClaims, TokenPair};
use crate::claims::SessionClaims;
use crate::extract::{Destination, Held, Refusal, csrf, for_request, held, refuse, sign_of_plain_http};
use crate::log::TARGET;
use crate::rejection::{AuthRejection, Denial};
use crate::session::{Remember, SessionMetadata};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Signs a user in, and keeps the request's description of the client.
///
/// An extractor for the handler that checks the password, or another proof of who the user is. It holds the client's
/// [metadata](SessionMetadata) and the tokens that the request still carries: the sign-in ends their session.
///
/// [`answer`](Self::answer) suits every client: a browser gets cookies, and any other client gets the tokens. [`cookies`](Self::cookies)
/// and [`tokens`](Self::tokens) are for routes of one kind of client.
///
/// An answer with cookies is refused if another site has sent the `POST` (403): such a form would sign the user in to the account of an
/// attacker. A client that is no browser and sends neither `Sec-Fetch-Site` nor `Origin` adds any `X-CSRF-Token`. A sign-in by `GET`, as
/// at the end of an OAuth flow, is not refused: there the `state` of the flow proves who began it. After a `POST` of the identity provider
/// call [`state_compared`](Self::state_compared). In both cases another site has led the browser here, and with `SameSite=Strict` cookies a
/// redirect behind the tokens becomes a page that leads on: see [`Landing`](crate::Landing). An answer with tokens reads and sets no cookie,
/// so it needs no proof of its sender.
///
/// ```
/// use axum::Json;
/// use countersign::{AuthRejection, SessionClaims, SignIn, TokenAnswer, public};
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
/// ) -> Result<TokenAnswer, AuthRejection> {
///     let user = check(&credentials).await.ok_or_else(|| sign_in.refused("wrong_password"))?;
///     Ok(sign_in.answer(&user).await?)
/// }
/// ```
pub struct SignIn<C> {
    auth: Auth<C>,
    metadata: SessionMetadata,
    remember: Remember,
    held: Held,
    client: Client,
}

/// The client, as far as an answer with cookies depends on it.
struct Client {
    /// Whether this site has sent the request, or the handler has compared the `state` of its flow.
    is_ours: bool,
    keeps_cookies: bool,
    /// What says that the site was opened over plain http.
    plain_http: Option<String>,
    is_led_by_other_site: bool,
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
    /// use countersign::{AuthError, Remember, SessionClaims, SignIn, TokenAnswer};
    ///
    /// # #[derive(SessionClaims, Clone)]
    /// # struct User { #[claims(subject)] id: u64 }
    /// /// At a shared computer: gone with the browser, and after a day at the latest.
    /// async fn sign_in_as_guest(sign_in: SignIn<User>, user: &User) -> Result<TokenAnswer, AuthError> {
    ///     let day = Duration::from_secs(24 * 60 * 60);
    ///     let guest = Remember::until_browser_closes().lifetimes(Lifetimes::new(day, day));
    ///     sign_in.remember(guest).answer(user).await
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
        self.auth.record_refusal(reason, None, &self.metadata);
        AuthRejection::new(Denial::InvalidCredentials, self.auth.realm())
    }

    /// As [`refused`](Self::refused), with the account that was tried, such as the name that was typed: the event has a pseudonym of it, so
    /// that attempts on one account can be counted. The text itself is in no event and no log.
    pub fn refused_for(&self, reason: &'static str, account: &str) -> AuthRejection {
        self.auth.record_refusal(reason, Some(account), &self.metadata);
        AuthRejection::new(Denial::InvalidCredentials, self.auth.realm())
    }

    /// Says that the handler has compared the `state` of an OAuth flow (RFC 6749 section 10.12), or the `nonce` of a token that only this
    /// browser could have asked for: it proves who began the sign-in, so that a form that the identity provider posts is not refused.
    ///
    /// ```
    /// # use axum::Form;
    /// # use countersign::{AuthRejection, CookieTokens, Denial, SessionClaims, SignIn, public};
    /// # use axum::response::Redirect;
    /// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
    /// # #[derive(serde::Deserialize)] struct Posted { code: String, state: String }
    /// # async fn flow_of(_: &str) -> Option<User> { None }
    /// #[public(reason = "the end of a sign-in at the identity provider, which posts a form")]
    /// async fn callback(
    ///     sign_in: SignIn<User>,
    ///     Form(posted): Form<Posted>,
    /// ) -> Result<(CookieTokens, Redirect), AuthRejection> {
    ///     let user = flow_of(&posted.state).await.ok_or_else(|| sign_in.refused("unknown_state"))?;
    ///     Ok((sign_in.state_compared().cookies(&user).await?, Redirect::to("/")))
    /// }
    /// ```
    #[must_use]
    pub fn state_compared(mut self) -> Self {
        self.client.is_ours = true;
        self
    }

    /// Signs in, and answers the way this client can hold a session: with cookies for a browser that keeps them, and with both tokens in
    /// the body for every other client. Without [cookies](crate::Cookies) every client gets the tokens.
    ///
    /// Call it after the user has proved who they are. The session whose tokens the request carries ends first; for an answer with
    /// tokens, no cookie counts.
    ///
    /// A browser is a client that names the site of the request: with `Sec-Fetch-Site`, with the `Origin` of this site or of a
    /// [trusted](crate::Cookies::trust_origin) one, or by a navigation. A page of another site keeps no `SameSite` cookie from an answer
    /// to its `fetch`, and a native web view names an origin of its own; both get the tokens.
    ///
    /// # Errors
    ///
    /// [`AuthError::CrossSite`] for a form of another site, [`AuthError::PlainHttp`] for a browser that has opened the site over plain
    /// http; otherwise as [`Auth::login`].
    pub async fn answer(self, user: &C) -> Result<TokenAnswer, AuthError> {
        if self.client.keeps_cookies || self.client.plain_http.is_some() {
            self.cookies(user).await.map(TokenAnswer::Cookies)
        } else {
            self.tokens(user).await.map(TokenAnswer::Tokens)
        }
    }

    /// Signs in, with both tokens in the answer: for clients that are no browsers. No cookie is read or set.
    ///
    /// Call it after the user has proved who they are. The session of a token that the request carries in a header ends first.
    ///
    /// # Errors
    ///
    /// As [`Auth::login`].
    pub async fn tokens(self, user: &C) -> Result<TokenPair, AuthError> {
        let Self { auth, metadata, remember, held, .. } = self;
        auth.login_again(user, metadata, remember, held.sent).await
    }

    /// Signs in, with the tokens in cookies: for browsers.
    ///
    /// Call it after the user has proved who they are. The session whose tokens the request carries ends first.
    ///
    /// In front of another response, `(tokens, Redirect::to("/"))`, the tokens only set the cookies. At the end of a flow at another site see
    /// [`Landing`](crate::Landing).
    ///
    /// # Errors
    ///
    /// [`AuthError::NoCookies`] unless [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was called; [`AuthError::CrossSite`] if
    /// another site may have sent the request; [`AuthError::PlainHttp`] if the browser has opened the site over plain http, where it would
    /// drop the cookies without a word; otherwise as [`Auth::login`].
    pub async fn cookies(self, user: &C) -> Result<CookieTokens, AuthError> {
        let Self { auth, metadata, remember, held, client } = self;
        if auth.transports().cookies.is_none() {
            return Err(AuthError::NoCookies);
        }
        if let Some(sign) = client.plain_http {
            tracing::warn!(
                target: TARGET, sign,
                "a sign-in with cookies was refused: the site was opened over plain http, where browsers keep no `Secure` cookies; serve it \
                 over https, and let a proxy that ends TLS send `X-Forwarded-Proto: https`"
            );
            return Err(auth.refused_cookies(AuthError::PlainHttp));
        }
        if !client.is_ours {
            return Err(auth.refused_cookies(AuthError::CrossSite));
        }
        let in_cookies = held.in_cookies.into_iter().map(|held| held.token);
        let held = held.sent.into_iter().chain(in_cookies);
        let tokens = auth.in_cookies(auth.login_again(user, metadata, remember, held).await?)?;
        Ok(if client.is_led_by_other_site { tokens.led() } else { tokens })
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
        let client = Client {
            is_ours: csrf::check(parts, auth, None).is_ok(),
            keeps_cookies: csrf::keeps_cookies(parts, auth),
            plain_http: auth.transports().cookies.as_ref().and_then(|_| sign_of_plain_http(parts)),
            is_led_by_other_site: is_led_by_other_site(parts, auth),
        };
        let Ok(metadata) = SessionMetadata::from_request_parts(parts, state).await;
        let auth = for_request(parts, auth);
        Ok(Self { auth, metadata, remember: Remember::default(), held, client })
    }
}

/// Whether another site has led a browser here that keeps the cookies of the answer, and leaves them behind when the answer redirects. At the
/// end of an OAuth flow that is the provider's site, and a redirect would end at the login page again.
fn is_led_by_other_site<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> bool {
    auth.transports().cookies.as_ref().is_some_and(CookieRules::are_strict)
        && Destination::of(parts).is_window()
        && parts.headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "cross-site")
}
