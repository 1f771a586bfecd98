//! The cookies that hold tokens: their names, attributes and largest size.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::HeaderValue;

use super::{ConfigError, Origin};

/// In bytes. A browser ignores a cookie whose name and value together are longer (RFC 6265bis section 5.6).
const LARGEST: usize = 4096;
/// In characters, of the name that the application chooses.
const LONGEST_NAME: usize = 64;

/// The cookies of a browser: `__Host-refresh` for the refresh token and, if the application wants it, another for the access token.
///
/// Every cookie has a `__Host-` name and with it `Secure`, `Path=/` and no `Domain` (RFC 6265bis section 4.1.3.2), `HttpOnly` and
/// `SameSite=Strict`. The application can choose `SameSite=Lax`; it cannot turn off the others. Browsers accept `Secure` cookies
/// from `https`, and most of them, for development, from `http://localhost`.
///
/// A token that the client chose to send, in a header or in the body of a refresh, goes before the cookie. A bad access cookie is taken away
/// by the answer.
///
/// A refresh token in a cookie is in no response body, so no script of the page can read it. The sender of a request that a cookie
/// authenticates is checked, see [`Auth::csrf_token`](crate::Auth::csrf_token). A browser keeps 4096 bytes of name and value. A token
/// that does not fit is not made, so with an [access cookie](Self::with_access_cookie) claims have to be small.
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

/// The requests of other sites with which a browser sends the cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieSameSite {
    /// None, not even the request of a user who follows a link.
    #[default]
    Strict,
    /// The request of a user who follows a link to this site.
    Lax,
}

impl Cookies {
    /// A refresh cookie named `__Host-refresh`, `SameSite=Strict`, and no access cookie.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the cookies `__Host-<name>-refresh` and `__Host-<name>-access`: for two applications behind one host.
    ///
    /// A name is 1 to 64 letters, digits, `-` and `_`. Any other is refused when the `Auth` is built.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The requests of other sites that carry the cookies; `Strict` unless set.
    pub fn same_site(mut self, same_site: CookieSameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Keeps the access token in a cookie too: for pages that the server renders. It is then in no response body.
    ///
    /// [`AuthLayer::pages`](crate::AuthLayer::pages) renews the session when a user opens a page after the end of the access token. Look
    /// sessions up ([`Liveness::Always`](crate::Liveness::Always)), so that a sign-out ends them at once.
    ///
    /// Answers that the cookie opened are `private` for caches; see [`Auth::answer_layer`](crate::Auth::answer_layer).
    pub fn with_access_cookie(mut self) -> Self {
        self.access = true;
        self
    }

    /// Another origin whose pages may send requests with the cookies: `https://app.example.com`, exactly as browsers write it
    /// in the header `Origin`; `http` only on loopback addresses. Call it again for another one.
    ///
    /// There are no wildcards: anyone who controls a page of a trusted origin can act as the user.
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

    /// The `Set-Cookie` header that takes the access cookie away, if there is one.
    pub(crate) fn expired_access(&self) -> Option<HeaderValue> {
        self.set(self.access_name()?, "", Some(0))
    }

    /// Whether a browser leaves the cookies behind when another site leads to this one.
    pub(crate) fn are_strict(&self) -> bool {
        self.same_site == CookieSameSite::Strict
    }

    /// The origins that the application trusts beside its own.
    pub(crate) fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// A `Set-Cookie` header. `max_age` is in seconds: 0 expires the cookie, and with `None` it ends with the browser. Every cookie gets its attributes here, so an expired cookie
    /// has those of the cookie that it takes away. `None` if the value cannot be in a header, which no token is.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Option<u64>) -> Option<HeaderValue> {
        let same_site = match self.same_site {
            CookieSameSite::Strict => SameSite::Strict,
            CookieSameSite::Lax => SameSite::Lax,
        };
        let mut cookie =
            Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(same_site);
        if let Some(max_age) = max_age {
            cookie = cookie.max_age(Duration::seconds(i64::try_from(max_age).unwrap_or(i64::MAX)));
        }
        let mut header = HeaderValue::from_str(&cookie.build().to_string()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The largest size of a token in the cookie of this name, in bytes.
pub(crate) fn largest_value(name: &str) -> usize {
    LARGEST.saturating_sub(name.len())
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
            let header = rules.set(rules.refresh_name(), "a.b.c", Some(60)).unwrap();
            assert!(header.is_sensitive());
            let mut parts: Vec<_> = header.to_str().unwrap().split("; ").collect();
            parts[1..].sort_unstable();
            let same_site = format!("SameSite={written}");
            let expected =
                ["__Host-refresh=a.b.c", "HttpOnly", "Max-Age=60", "Path=/", same_site.as_str(), "Secure"];
            assert_eq!(parts, expected);
        }
    }
}
