//! Cookies for browsers: their names, their attributes, the response that sets them and the one that takes them away.

use std::convert::Infallible;
use std::fmt;

use axum_core::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use serde::Serialize;

use super::answer::json;
use super::origin::Origin;
use crate::auth::{Auth, AuthError, ConfigError, InvalidGrant, TokenPair, TokenType};
use crate::claims::SessionClaims;

/// A browser ignores a cookie whose name and value are longer together (RFC 6265bis section 5.6).
const LARGEST: usize = 4096;
const LONGEST_NAME: usize = 64;

/// How a browser keeps the tokens: a cookie `__Host-refresh`, and if wanted one for the access token.
///
/// Every cookie has a `__Host-` name and with it `Secure`, `Path=/` and no `Domain` (RFC 6265bis section 4.1.3.2), `HttpOnly` and
/// `SameSite=Strict`. None of that can be turned off; only `SameSite=Lax` can be chosen. Browsers take `Secure` cookies from
/// `https` and, for development, most of them from `http://localhost`.
///
/// A refresh token in a cookie never stands in a response body, so no script of the page can read it. Requests that a cookie
/// authenticates are checked for their sender, see [`Auth::csrf_token`]. Names and values have 4096 bytes in a browser; tokens
/// that do not fit are not made, so with an [access cookie](Self::with_access_cookie) claims have to be small.
///
/// ```
/// use countersign::{AuthBuilder, Cookies};
/// # use countersign::SessionClaims;
/// # #[derive(SessionClaims, Clone)] struct User { #[claims(subject)] id: u64 }
///
/// # fn configure(builder: AuthBuilder<User>) -> AuthBuilder<User> {
/// builder.cookies(Cookies::new().named("shop").with_access_cookie().trust_origin("https://app.example.com"))
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "pass it to `AuthBuilder::cookies`"]
pub struct Cookies {
    name: Option<String>,
    same_site: CookieSameSite,
    access: bool,
    origins: Vec<String>,
}

/// Which requests of other sites a browser sends the cookies with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieSameSite {
    /// None, not even when the user follows a link.
    #[default]
    Strict,
    /// Those of a user who follows a link to this site.
    Lax,
}

impl Cookies {
    /// A refresh cookie named `__Host-refresh`, `SameSite=Strict`, and no access cookie.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the cookies `__Host-<name>-refresh` and `__Host-<name>-access`: for two applications behind one host.
    ///
    /// Letters, digits, `-` and `_`; anything else is refused when the `Auth` is built.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which requests of other sites carry the cookies; `Strict` unless set.
    pub fn same_site(mut self, same_site: CookieSameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Keeps the access token in a cookie too: for pages that the server renders. It is then in no response body.
    ///
    /// A page without a script cannot refresh. Where there is none, give access tokens the life that a visit may have
    /// ([`access_ttl`](crate::AuthBuilder::access_ttl), at most a day) and look sessions up
    /// ([`Liveness::Always`](crate::Liveness::Always)), so that signing out still ends them at once.
    pub fn with_access_cookie(mut self) -> Self {
        self.access = true;
        self
    }

    /// Another origin whose pages may send requests with the cookies: `https://app.example.com`, exactly as browsers write it
    /// in the header `Origin`; `http` only on loopback addresses. Call it again for another one.
    ///
    /// There are no wildcards: whoever can put a page on a trusted origin can act as the user.
    pub fn trust_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    pub(crate) fn checked(self) -> Result<CookieRules, ConfigError> {
        let fits = |name: &str| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let prefix = match self.name {
            None => "__Host-".to_owned(),
            Some(name) if fits(&name) => format!("__Host-{name}-"),
            Some(_) => return Err(ConfigError::CookieName),
        };
        let origins = self.origins.into_iter().map(|origin| {
            match Origin::parse(&origin).filter(Origin::is_trustworthy) {
                Some(parsed) => Ok(parsed),
                None => Err(ConfigError::Origin { origin }),
            }
        });
        Ok(CookieRules {
            refresh_name: format!("{prefix}refresh"),
            access_name: self.access.then(|| format!("{prefix}access")),
            same_site: self.same_site,
            origins: origins.collect::<Result<_, _>>()?,
        })
    }
}

/// [`Cookies`] that were checked.
#[derive(Debug)]
pub(crate) struct CookieRules {
    refresh_name: String,
    access_name: Option<String>,
    same_site: CookieSameSite,
    origins: Vec<Origin>,
}

impl CookieRules {
    pub(crate) fn refresh_name(&self) -> &str {
        &self.refresh_name
    }

    pub(crate) fn access_name(&self) -> Option<&str> {
        self.access_name.as_deref()
    }

    /// The origins that the application trusts beside its own.
    pub(crate) fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// A `Set-Cookie` header. The one place where attributes are written, so that the cookie that takes another one away has the
    /// same ones.
    fn set(&self, name: &str, value: &str, max_age: u64) -> Option<HeaderValue> {
        let same_site = match self.same_site {
            CookieSameSite::Strict => SameSite::Strict,
            CookieSameSite::Lax => SameSite::Lax,
        };
        let cookie = Cookie::build((name, value))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(same_site)
            .max_age(Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)));
        let mut header = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The most bytes that a token in the cookie of this name may have.
pub(crate) fn largest_value(name: &str) -> usize {
    LARGEST.saturating_sub(name.len())
}

/// Tokens for a browser: the refresh token in its cookie, the access token in a cookie as well or in the body.
///
/// As a response it is JSON with `token_type`, `expires_in`, `csrf_token` and, without an access cookie, `access_token`. In front
/// of another response, `(tokens, Redirect::to("/"))`, it sets the cookies alone. Both are never stored by caches.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[must_use = "it is a response"]
pub struct CookieTokens {
    /// The token for the `Authorization` header, after `Bearer`, unless it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// How the access token is used; always `Bearer`.
    token_type: TokenType,
    /// The seconds that the access token has to live.
    expires_in: u64,
    /// What requests with the cookies carry in the header `X-CSRF-Token`; the same one for the whole session.
    csrf_token: String,
    #[serde(skip)]
    cookies: Vec<HeaderValue>,
}

impl CookieTokens {
    /// The access token, unless it is in a cookie.
    pub fn access_token(&self) -> Option<&str> {
        self.access_token.as_deref()
    }

    /// The seconds that the access token has to live.
    pub fn expires_in(&self) -> u64 {
        self.expires_in
    }

    /// What requests with the cookies carry in the header `X-CSRF-Token`.
    pub fn csrf_token(&self) -> &str {
        &self.csrf_token
    }
}

// Not derived: it would show the tokens.
impl fmt::Debug for CookieTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieTokens")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl IntoResponseParts for CookieTokens {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        set_cookies(self.cookies, &mut parts);
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
/// It is for signing out alone. A refresh that fails keeps them, since another one may have been faster.
#[derive(Clone, Debug)]
#[must_use = "put it in front of a response"]
pub struct ExpiredCookies(Vec<HeaderValue>);

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
    /// The cookies of this application, expired, each with the attributes it was set with. None where cookies are not switched
    /// on.
    pub fn expired_cookies(&self) -> ExpiredCookies {
        let Some(rules) = &self.transports().cookies else { return ExpiredCookies(Vec::new()) };
        let names = [Some(rules.refresh_name()), rules.access_name()];
        ExpiredCookies(names.into_iter().flatten().filter_map(|name| rules.set(name, "", 0)).collect())
    }

    /// Puts a pair that was just made into cookies.
    pub(crate) fn in_cookies(&self, pair: TokenPair) -> Result<CookieTokens, AuthError> {
        let rules = self.transports().cookies.as_ref().ok_or(AuthError::NoCookies)?;
        let ticket = self
            .verify_refresh(pair.refresh_token.as_bytes())
            .map_err(|error| AuthError::InvalidGrant(InvalidGrant::Token(error)))?;
        let remaining = ticket.expires_at.since(self.now()).as_secs();
        let refresh = rules.set(rules.refresh_name(), &pair.refresh_token, remaining);
        let (access, access_token) = match rules.access_name() {
            Some(name) => (rules.set(name, &pair.access_token, pair.expires_in), None),
            None => (None, Some(pair.access_token)),
        };
        Ok(CookieTokens {
            access_token,
            token_type: pair.token_type,
            expires_in: pair.expires_in,
            csrf_token: self.csrf_token_of(&ticket.session_id),
            cookies: refresh.into_iter().chain(access).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_names_are_refused() {
        let long = "x".repeat(LONGEST_NAME + 1);
        for name in ["", "a b", "a;b", "a=b", "a/b", "ä", "a\r\n", long.as_str()] {
            let refused = Cookies::new().named(name).checked();
            assert!(matches!(refused, Err(ConfigError::CookieName)), "{name:?}");
        }
        let rules = Cookies::new().named("shop_1").with_access_cookie().checked().unwrap();
        assert_eq!(rules.refresh_name(), "__Host-shop_1-refresh");
        assert_eq!(rules.access_name(), Some("__Host-shop_1-access"));
    }

    /// Rows 102 and 103.
    #[test]
    fn every_cookie_has_the_attributes_of_the_host_prefix() {
        for (same_site, written) in [(CookieSameSite::Strict, "Strict"), (CookieSameSite::Lax, "Lax")] {
            let rules = Cookies::new().same_site(same_site).checked().unwrap();
            let header = rules.set(rules.refresh_name(), "a.b.c", 60).unwrap();
            assert!(header.is_sensitive());
            let mut parts: Vec<_> = header.to_str().unwrap().split("; ").collect();
            parts[1..].sort_unstable();
            let same_site = format!("SameSite={written}");
            let expected =
                ["__Host-refresh=a.b.c", "HttpOnly", "Max-Age=60", "Path=/", same_site.as_str(), "Secure"];
            assert_eq!(parts, expected);
        }
    }

    /// Row 30.
    #[test]
    fn debug_output_shows_no_token() {
        let rules = Cookies::new().checked().unwrap();
        let cookies = vec![rules.set("__Host-refresh", "secret", 60).unwrap()];
        let access_token = Some("secret".to_owned());
        let csrf_token = "secret".to_owned();
        let token_type = TokenType::Bearer;
        let tokens = CookieTokens { access_token, token_type, expires_in: 1, csrf_token, cookies };
        assert!(!format!("{tokens:?}").contains("secret"));
        assert!(!format!("{:?}", ExpiredCookies(tokens.cookies)).contains("secret"));
    }
}
