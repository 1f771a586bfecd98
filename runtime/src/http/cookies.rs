//! Tokens in cookies: the response that sets the cookies and the one that takes them away.

use std::convert::Infallible;
use std::fmt;

use axum_core::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use serde::Serialize;

use super::answer::json;
use crate::auth::{Auth, AuthError, InvalidGrant, TokenPair, TokenType};
use crate::claims::SessionClaims;
use crate::rejection::Led;

/// Tokens for a browser: the refresh token in its cookie, the access token in a cookie as well or in the body.
///
/// As a response it is JSON with `token_type`, `expires_in`, `refresh_expires_in`, `csrf_token` and, without an access cookie, `access_token`. In front
/// of another response, `(tokens, Redirect::to("/"))`, it only sets the cookies. Caches store neither.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::CookieTokens))]
#[must_use = "it is a response"]
pub struct CookieTokens {
    /// The token for the `Authorization` header, after `Bearer`, unless it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// How the access token is used; always `Bearer`.
    token_type: TokenType,
    /// The remaining life of the access token, in seconds.
    expires_in: u64,
    /// The remaining life of the refresh token in its cookie, in seconds. If this is no more than `expires_in`, another refresh gains
    /// nothing: the session is at its absolute end.
    refresh_expires_in: u64,
    /// The value of the header `X-CSRF-Token` for requests with the cookies. It is the same one for the whole session, until the refresh
    /// secret is changed; the earlier one then stays good for as long as the earlier secret.
    csrf_token: String,
    #[serde(skip)]
    cookies: Vec<HeaderValue>,
    /// Whether another site has led the browser here; see [`Led`].
    #[serde(skip)]
    led: bool,
}

impl CookieTokens {
    /// The access token, unless it is in a cookie.
    pub fn access_token(&self) -> Option<&str> {
        self.access_token.as_deref()
    }

    /// The remaining life of the access token, in seconds.
    pub fn expires_in(&self) -> u64 {
        self.expires_in
    }

    /// The remaining life of the refresh token, in seconds. If this is no more than [`expires_in`](Self::expires_in), another refresh
    /// gains nothing.
    pub fn refresh_expires_in(&self) -> u64 {
        self.refresh_expires_in
    }

    /// The value of the header `X-CSRF-Token` for requests with the cookies.
    pub fn csrf_token(&self) -> &str {
        &self.csrf_token
    }

    /// For a browser that another site has led here.
    pub(super) fn led(self) -> Self {
        Self { led: true, ..self }
    }

    /// The `Set-Cookie` headers.
    pub(crate) fn into_headers(self) -> Vec<HeaderValue> {
        self.cookies
    }
}

// Not derived: it would show the tokens.
impl fmt::Debug for CookieTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieTokens")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .finish_non_exhaustive()
    }
}

impl IntoResponseParts for CookieTokens {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_cookies(self.cookies, &mut parts);
        if self.led {
            parts.extensions_mut().insert(Led);
        }
        Ok(parts)
    }
}

impl IntoResponse for CookieTokens {
    fn into_response(self) -> Response {
        let body = json(&self);
        (self, body).into_response()
    }
}

/// Takes the cookies out of the browser: `(auth.expired_cookies(), StatusCode::NO_CONTENT)`.
///
/// It is for signing out. The endpoint of the refresh takes them away when their session has ended, and after no other failure: a
/// parallel refresh may have succeeded and replaced them.
#[derive(Clone, Debug)]
#[must_use = "put it in front of a response"]
pub struct ExpiredCookies(Vec<HeaderValue>);

impl ExpiredCookies {
    /// The `Set-Cookie` headers.
    pub(crate) fn into_headers(self) -> Vec<HeaderValue> {
        self.0
    }
}

impl IntoResponseParts for ExpiredCookies {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_cookies(self.0, &mut parts);
        Ok(parts)
    }
}

fn set_cookies(cookies: Vec<HeaderValue>, parts: &mut ResponseParts) {
    for cookie in cookies {
        parts.headers_mut().append(SET_COOKIE, cookie);
    }
    parts.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

impl<C: SessionClaims> Auth<C> {
    /// The cookies of this application, expired, each with the attributes it was set with. Empty unless cookies are switched on.
    pub fn expired_cookies(&self) -> ExpiredCookies {
        let Some(rules) = &self.transports().cookies else { return ExpiredCookies(Vec::new()) };
        let names = [Some(rules.refresh_name()), rules.access_name()];
        ExpiredCookies(names.into_iter().flatten().filter_map(|name| rules.set(name, "", Some(0))).collect())
    }

    /// Puts a pair that was just made into cookies.
    pub(crate) fn in_cookies(&self, pair: TokenPair) -> Result<CookieTokens, AuthError> {
        let rules = self.transports().cookies.as_ref().ok_or(AuthError::NoCookies)?;
        let ticket = self
            .verify_refresh(pair.refresh_token.as_bytes())
            .map_err(|error| AuthError::InvalidGrant(InvalidGrant::Token(error)))?;
        let max_age = |seconds| Some(seconds).filter(|_| !pair.ends_with_browser);
        let refresh = rules.set(rules.refresh_name(), &pair.refresh_token, max_age(pair.refresh_expires_in));
        let (access, access_token) = match rules.access_name() {
            Some(name) => (rules.set(name, &pair.access_token, max_age(pair.expires_in)), None),
            None => (None, Some(pair.access_token)),
        };
        Ok(CookieTokens {
            access_token,
            token_type: pair.token_type,
            expires_in: pair.expires_in,
            refresh_expires_in: pair.refresh_expires_in,
            csrf_token: self.csrf_token_of(&ticket.session_id),
            cookies: refresh.into_iter().chain(access).collect(),
            led: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Cookies;

    /// Row 30.
    #[test]
    fn debug_output_shows_no_token() {
        let rules = Cookies::new().checked().unwrap();
        let cookies = vec![rules.set("__Host-refresh", "secret", Some(60)).unwrap()];
        let access_token = Some("secret".to_owned());
        let csrf_token = "secret".to_owned();
        let token_type = TokenType::Bearer;
        let tokens = CookieTokens {
            access_token,
            token_type,
            expires_in: 1,
            refresh_expires_in: 2,
            csrf_token,
            cookies,
            led: false,
        };
        assert!(!format!("{tokens:?}").contains("secret"));
        assert!(!format!("{:?}", ExpiredCookies(tokens.cookies)).contains("secret"));
    }
}
