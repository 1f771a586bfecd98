//! The page that a visitor wanted before they were sent to the login page, and the way back there.

use std::convert::Infallible;

use axum::response::Redirect;
use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::{Deserialize, Deserializer};

use crate::auth::one;
use crate::rejection::Landing;

/// The name of the parameter in the query of a login page.
pub(crate) const NEXT: &str = "next";

/// In bytes. Longer addresses do not fit into the headers that some servers and proxies take.
const LONGEST: usize = 2048;

/// Where to go after a sign-in: the page that the visitor wanted, if it is one of this site.
///
/// [`AuthLayer::pages`](crate::AuthLayer::pages) and [`AuthLayer::redirect`](crate::AuthLayer::redirect) send visitors to
/// `/login?next=<path and query>`. This extractor reads `next` from the query of the sign-in. A form without `action` posts to the address
/// of its page and keeps it. It can also be a field of a form (it implements `Deserialize`), and [`new`](Self::new) takes what was kept
/// elsewhere, such as in the state of an OAuth flow.
///
/// Anyone can write `next` into a link, so it is taken only if it is a path of this site, with its query: it begins with one `/`, and no
/// browser reads another host, another scheme or a control character into it. Everything else is dropped, and then the sign-in goes to the
/// page that [`or`](Self::or) names (CWE-601, open redirect).
///
/// ```
/// use axum::response::Redirect;
/// use countersign::{AuthError, CookieTokens, ReturnTo, SessionClaims, SignIn, public};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: u64,
/// }
///
/// #[public(reason = "the password is the credential")]
/// async fn login(sign_in: SignIn<User>, next: ReturnTo) -> Result<(CookieTokens, Redirect), AuthError> {
///     let tokens = sign_in.cookies(&User { id: 7 }).await?; // after the password was right
///     Ok((tokens, next.or("/")))
/// }
///
/// assert_eq!(ReturnTo::new("/inbox?folder=3").path(), Some("/inbox?folder=3"));
/// for other in ["//evil.example", "/\\evil.example", "https:evil.example", "inbox", ""] {
///     assert_eq!(ReturnTo::new(other).path(), None);
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReturnTo(Option<String>);

impl ReturnTo {
    /// Takes an address if it is a path of this site, with or without a query.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self(is_path_of_this_site(address).then(|| address.to_owned()))
    }

    /// The path with its query; `None` if there was none, or one that does not lead to a page of this site.
    pub fn path(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Goes there, or to `otherwise`, with 303. Put the tokens in front: `(tokens, next.or("/"))`.
    ///
    /// At the end of an OAuth flow use [`land_or`](Self::land_or).
    pub fn or(self, otherwise: &str) -> Redirect {
        Redirect::to(self.path().unwrap_or(otherwise))
    }

    /// As [`or`](Self::or), by way of a page of this site: for a sign-in that another site has sent the visitor to. See [`Landing`].
    pub fn land_or(self, otherwise: &str) -> Landing {
        Landing::at(self.0.unwrap_or_else(|| otherwise.to_owned()))
    }
}

/// Whether a browser that resolves the address stays on this site, and so does whatever looks at it on the way.
///
/// Browsers drop tabs and line breaks from addresses, and take a backslash in a path for a slash; both could make `//host` of something else.
/// No browser sends an address with a dot segment, which it has resolved, or with a control character, a space or a quotation mark, which it has
/// encoded: such an address is no page that a visitor wanted. An encoded slash at the beginning and an encoded backslash are safe as they are, and no longer
/// where something on the way decodes them.
fn is_path_of_this_site(address: &str) -> bool {
    let is_printed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>');
    if address.len() > LONGEST || !address.bytes().all(is_printed) {
        return false;
    }
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let Some(first) = path.strip_prefix('/') else { return false };
    let is_decoded_to_host = ["/", "%2f"].iter().any(|slash| first.starts_with(slash));
    let is_dots = |segment: &str| matches!(&*segment.replace("%2e", "."), "." | "..");
    let has_control = path.match_indices('%').any(|(at, _)| {
        matches!(path.as_bytes().get(at + 1), Some(b'0' | b'1')) || path[at..].starts_with("%7f")
    });
    !(is_decoded_to_host
        || path.contains('\\')
        || path.contains("%5c")
        || has_control
        || path.split('/').any(is_dots))
}

impl<S: Sync> FromRequestParts<S> for ReturnTo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let found = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == NEXT);
        // Of two, a proxy and this server could each mean another one.
        let found = one(found).unwrap_or_default();
        Ok(found.map_or_else(Self::default, |(_, address)| Self::new(&address)))
    }
}

/// As a field of a form: `next: ReturnTo`, with `#[serde(default)]` where it may be missing.
impl<'de> Deserialize<'de> for ReturnTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let address = Option::<String>::deserialize(deserializer)?;
        Ok(address.map_or_else(Self::default, |address| Self::new(&address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 156.
    #[test]
    fn a_path_of_this_site_is_kept_with_its_query() {
        for path in [
            "/",
            "/?",
            "/inbox?folder=3",
            "/admin/reports?year=2026&q=a%20b+c",
            "/search?q=https://evil.example//x",
            "/search?next=//evil.example",
            "/search?text=a%0D%0Ab&path=C:\\x",
            "/a//b",
            "/a/b#part",
            "/caf%C3%A9",
            "/@user:7;v=1/~x!$&'()*+,=",
            "/a%2Fb",
            "/.well-known/x",
            "/...",
            "/a.b/..c",
        ] {
            assert_eq!(ReturnTo::new(path).path(), Some(path));
        }
    }

    /// Row 156.
    #[test]
    fn every_other_address_is_dropped() {
        let long = format!("/{}", "a".repeat(LONGEST));
        for address in [
            "",
            " ",
            "inbox",
            "?a=b",
            "#a",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/a\\..\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\n/evil.example",
            "\t//evil.example",
            " //evil.example",
            "/ /evil.example",
            "/a b",
            "/\0",
            "/\u{7f}",
            "/\u{a0}/evil.example",
            "/é",
            "/\u{ff0f}evil.example",
            "https://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "HTTPS:\\\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil.example",
            "@evil.example",
            ":80/x",
            "./x",
            "../x",
            "/./x",
            "/..//evil.example",
            "/.//evil.example",
            "/a/../..//evil.example",
            "/%2e%2E//evil.example",
            "/.%2e/x",
            "/a/..",
            "/%2F/evil.example",
            "/%2fevil.example",
            "/%5Cevil.example",
            "/a%5cb",
            "/%09/evil.example",
            "/%0d%0aLocation:%20https://evil.example",
            "/%7F",
            "/\"onclick=\"",
            "/<script>",
            long.as_str(),
        ] {
            assert_eq!(ReturnTo::new(address).path(), None, "{address:?}");
        }
    }

    async fn read(uri: &str) -> ReturnTo {
        let (mut parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        let Ok(next) = ReturnTo::from_request_parts(&mut parts, &()).await;
        next
    }

    /// Row 156.
    #[tokio::test]
    async fn the_query_is_decoded_once() {
        let of = |path: &str| ReturnTo(Some(path.to_owned()));
        assert_eq!(
            read("/login?next=%2Finbox%3Ffolder%3D3%26x%3Da%252Fb").await,
            of("/inbox?folder=3&x=a%2Fb")
        );
        assert_eq!(read("/login?a=b&next=/inbox&c").await, of("/inbox"));
        for dropped in [
            "/login",
            "/login?next",
            "/login?next=",
            "/login?Next=/inbox",
            "/login?next=/inbox&next=/inbox",
            "/login?next=%2F%2Fevil.example",
            "/login?next=%2F%09%2Fevil.example",
            "/login?next=%252F%252Fevil.example",
            "/login?next=/%255Cevil.example%5C",
            "/login?next=+/inbox",
            "/login?next=%FF",
        ] {
            assert_eq!(read(dropped).await, ReturnTo::default(), "{dropped}");
        }
    }

    #[test]
    fn a_field_of_a_form_is_judged_in_the_same_way() {
        let read = |json: &str| serde_json::from_str::<ReturnTo>(json).unwrap();
        assert_eq!(read("\"/inbox\"").path(), Some("/inbox"));
        assert_eq!(read("\"//evil.example\"").path(), None);
        assert_eq!(read("null").path(), None);
    }
}
