//! The credentials of a request: its one access token and its one refresh token, from every place where they are accepted.

use std::borrow::Cow;
use std::fmt;

use cookie::Cookie;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::bearer;
use crate::auth::{Auth, Transport, Transports, X_REFRESH_TOKEN, one, one_header};
use crate::claims::SessionClaims;
use crate::rejection::Denial;

/// A token of a request, not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credential<'r> {
    pub(crate) transport: Transport,
    value: Value<'r>,
}

#[derive(Clone, PartialEq, Eq)]
enum Value<'r> {
    Header(&'r HeaderValue),
    Text(Cow<'r, str>),
}

impl<'r> Credential<'r> {
    fn header(transport: Transport, value: &'r HeaderValue) -> Self {
        Self { transport, value: Value::Header(value) }
    }

    fn text(transport: Transport, value: Cow<'r, str>) -> Self {
        Self { transport, value: Value::Text(value) }
    }

    /// The value in the request, including the scheme of an `Authorization` header.
    fn bytes(&self) -> &[u8] {
        match &self.value {
            Value::Header(value) => value.as_bytes(),
            Value::Text(text) => text.as_bytes(),
        }
    }

    /// The token itself.
    pub(crate) fn token(&self) -> Result<&[u8], Denial> {
        match (self.transport, &self.value) {
            (Transport::Bearer, Value::Header(header)) => bearer::token(header),
            _ if self.bytes().is_empty() => Err(Denial::InvalidRequest),
            _ => Ok(self.bytes()),
        }
    }

    /// A copy to compare later credentials of the same request with; `None` if the value cannot be a token.
    pub(super) fn kept(&self) -> Option<HeaderValue> {
        let mut kept = match &self.value {
            Value::Header(value) => (*value).clone(),
            Value::Text(text) => HeaderValue::from_str(text).ok()?,
        };
        kept.set_sensitive(true);
        Some(kept)
    }

    /// Whether it is the credential of which `kept` is a copy.
    pub(super) fn is(&self, transport: Transport, kept: &HeaderValue) -> bool {
        self.transport == transport && self.bytes() == kept.as_bytes()
    }
}

// Not derived: it would show the token.
impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// The access token of a request. Two are refused, in one place or in several (RFC 6750 section 2). A `Bearer` with nothing behind it is
/// none, so it does not get in the way of a cookie.
pub(crate) fn access_credential<'r>(
    parts: &'r Parts,
    transports: &Transports,
) -> Result<Option<Credential<'r>>, Denial> {
    let header = |name: &HeaderName, transport| {
        one_header(&parts.headers, name).map(|value| value.map(|value| Credential::header(transport, value)))
    };
    let bearer = one_header(&parts.headers, &AUTHORIZATION)?.filter(|value| !bearer::is_empty(value));
    let bearer = bearer.map(|value| Credential::header(Transport::Bearer, value));
    if transports.bearer_only() {
        return Ok(bearer);
    }
    let named = transports.header.as_ref().map_or(Ok(None), |name| header(name, Transport::Header))?;
    let cookie = transports.access_cookie().map_or(Ok(None), |name| one_cookie(&parts.headers, name))?;
    let query = transports.query.as_ref().map_or(Ok(None), |name| one_parameter(parts, name))?;
    let found = [
        bearer,
        named,
        cookie.map(|text| Credential::text(Transport::Cookie, text)),
        query.map(|text| Credential::text(Transport::Query, text)),
    ];
    Ok(one(found.into_iter().flatten())?)
}

/// The refresh token of a request, from its cookie or the header `X-Refresh-Token`. Two are refused.
pub(crate) fn refresh_token_of<'r, C: SessionClaims>(
    parts: &'r Parts,
    auth: &Auth<C>,
) -> Result<Option<Credential<'r>>, Denial> {
    let header = one_header(&parts.headers, &X_REFRESH_TOKEN)?;
    let header = header.map(|value| Credential::header(Transport::Header, value));
    Ok(one(header.into_iter().chain(refresh_cookie_of(&parts.headers, auth)?))?)
}

/// The refresh token in the cookie, if cookies are enabled.
pub(crate) fn refresh_cookie_of<'r, C: SessionClaims>(
    headers: &'r HeaderMap,
    auth: &Auth<C>,
) -> Result<Option<Credential<'r>>, Denial> {
    let cookie = auth.transports().refresh_cookie().map_or(Ok(None), |name| one_cookie(headers, name))?;
    Ok(cookie.map(|text| Credential::text(Transport::Cookie, text)))
}

/// The value of the one cookie with exactly this name. Only browsers ignore the letter case of prefixes (RFC 6265bis section 4.1.3);
/// here a name in other letters is another cookie.
///
/// HTTP/2 may split the header into several (RFC 9113 section 8.2.3), so all of them are read.
fn one_cookie<'r>(headers: &'r HeaderMap, name: &str) -> Result<Option<Cow<'r, str>>, Denial> {
    let found = headers.get_all(COOKIE).iter().flat_map(|line| {
        Cookie::split_parse(in_ascii(line)).filter_map(Result::ok).filter(|cookie| cookie.name() == name)
    });
    Ok(one(found)?.map(|cookie| Cow::Owned(cookie.value().to_owned())))
}

/// A `Cookie` header with every byte outside ASCII replaced. Our names and tokens have none; other cookies may contain anything.
///
/// The parser would trim Unicode spaces, and with such a space before the name another host of the same site can set a cookie despite
/// the `__Host-` prefix.
fn in_ascii(line: &HeaderValue) -> Cow<'_, str> {
    let in_ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
    match line.to_str() {
        Ok(text) => text.into(),
        Err(_) => line.as_bytes().iter().map(in_ascii).collect::<String>().into(),
    }
}

/// The decoded value of the one query parameter with this name.
fn one_parameter<'r>(parts: &'r Parts, name: &str) -> Result<Option<Cow<'r, str>>, Denial> {
    let query = parts.uri.query().unwrap_or_default();
    let found = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
    Ok(one(found.map(|(_, value)| value))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&'static [u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        values.map(|value| (name.clone(), value)).collect()
    }

    fn cookie(lines: &[&'static [u8]]) -> Result<Option<String>, Denial> {
        let headers = headers(COOKIE, lines);
        Ok(one_cookie(&headers, "__Host-access")?.map(Cow::into_owned))
    }

    fn parameter(query: &str) -> Result<Option<String>, Denial> {
        let uri = format!("/events?{query}");
        let (parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        Ok(one_parameter(&parts, "access_token")?.map(Cow::into_owned))
    }

    /// Row 64.
    #[test]
    fn two_headers_are_a_malformed_request() {
        let none = HeaderMap::new();
        assert_eq!(one_header(&none, &AUTHORIZATION).map_err(Denial::from), Ok(None));
        let twice = headers(AUTHORIZATION, &[b"Bearer a.b.c", b"Bearer a.b.c"]);
        assert_eq!(one_header(&twice, &AUTHORIZATION).map_err(Denial::from), Err(Denial::InvalidRequest));
    }

    /// Rows 105 and 106.
    #[test]
    fn a_cookie_is_found_by_its_exact_name_in_any_line_and_refused_twice() {
        let found = |token: &str| Ok(Some(token.to_owned()));
        assert_eq!(cookie(&[b"__Host-access=a.b.c"]), found("a.b.c"));
        assert_eq!(cookie(&[b"theme=dark; __Host-access=a.b.c; x"]), found("a.b.c"));
        assert_eq!(cookie(&[b"theme=dark", b"__Host-access=a.b.c"]), found("a.b.c"));
        assert_eq!(cookie(&[b"caf\xE9=\xFF; __Host-access=a.b.c"]), found("a.b.c"));
        for twice in
            [&[&b"__Host-access=a; __Host-access=b"[..]][..], &[b"__Host-access=a", b"__Host-access=a"]]
        {
            assert_eq!(cookie(twice), Err(Denial::InvalidRequest));
        }
        for other in [
            &b"__host-access=a"[..],
            b"__HOST-ACCESS=a",
            b"access=a",
            b"__Host-access",
            b"=__Host-access",
            b"",
        ] {
            assert_eq!(cookie(&[other]), Ok(None), "{}", other.escape_ascii());
        }
    }

    /// Rows 102 and 106: a browser honours a prefix only at the start of the name, so a character before it matters.
    #[test]
    fn a_cookie_with_a_unicode_space_at_its_name_is_another_cookie() {
        for space in ["\u{85}", "\u{A0}", "\u{1680}", "\u{2000}", "\u{2028}", "\u{205F}", "\u{3000}"] {
            for other in [format!("{space}__Host-access=a"), format!("__Host-access{space}=a")] {
                for line in [other.clone(), format!("theme=dark; {other}"), format!("{other}; theme=dark")] {
                    let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
                    let headers = HeaderMap::from_iter([(COOKIE, value)]);
                    assert_eq!(one_cookie(&headers, "__Host-access"), Ok(None), "{line:?}");
                }
            }
        }
        // A browser trims ASCII spaces itself, before it looks at the prefix.
        assert_eq!(cookie(&[b"theme=dark;\t __Host-access =\ta.b.c "]), Ok(Some("a.b.c".to_owned())));
    }

    /// Row 67.
    #[test]
    fn a_parameter_is_decoded_and_refused_twice() {
        assert_eq!(parameter("a=1&access_token=x%2Ey&b=2"), Ok(Some("x.y".to_owned())));
        assert_eq!(parameter("access%5Ftoken=x"), Ok(Some("x".to_owned())));
        assert_eq!(parameter("Access_token=x&access_tokens=y"), Ok(None));
        assert_eq!(parameter("access_token=x&access%5Ftoken=x"), Err(Denial::InvalidRequest));
    }

    /// Row 30.
    #[test]
    fn debug_output_shows_no_token() {
        let credential = Credential::text(Transport::Query, "secret".into());
        assert!(!format!("{credential:?}").contains("secret"));
        let header = HeaderValue::from_static("secret");
        assert!(!format!("{:?}", Credential::header(Transport::Header, &header)).contains("secret"));
        assert!(!format!("{:?}", Credential::header(Transport::Header, &header).kept()).contains("secret"));
    }
}
