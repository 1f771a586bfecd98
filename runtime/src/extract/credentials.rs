//! The credentials of a request: its one access token and its one refresh token, from every place where they are accepted.

use std::borrow::Cow;
use std::fmt;

use cookie::Cookie;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::bearer;
use crate::auth::{Auth, Transport, Transports, X_REFRESH_TOKEN, one};
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
            _ => Ok(self.bytes()),
        }
    }

    /// The token as text; `None` if it is not one, or cannot be one of ours, which are ASCII.
    fn text_of(&self) -> Option<String> {
        self.token().ok().and_then(|token| str::from_utf8(token).ok()).map(str::to_owned)
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

/// The access token that counts. This is the only place that decides, for guards, extractors, layers, sign-in and sign-out alike.
///
/// A bearer token in `Authorization` or a token in the named header counts first, because the client chose to send it; both, or one of
/// them twice, are refused (RFC 6750 section 2). Without them the cookie counts, and without a cookie the query. The cookie goes first,
/// because a link of another site can carry a query and no cookie.
///
/// A credential that the browser adds by itself makes no request ambiguous: a scheme that is not ours, a `Bearer` with nothing behind
/// it and an emptied cookie are no credentials.
pub(crate) fn access_credential<'r>(
    parts: &'r Parts,
    transports: &Transports,
) -> Result<Option<Credential<'r>>, Denial> {
    let sent = sent_access(parts, transports)?;
    if sent.is_some() || transports.bearer_only() {
        return Ok(sent);
    }
    let cookie = one(transports.access_cookie().into_iter().flat_map(|name| cookies(&parts.headers, name)))?;
    if cookie.is_some() {
        return Ok(cookie);
    }
    Ok(one(query_tokens(parts, transports))?)
}

/// The access token in a header.
fn sent_access<'r>(parts: &'r Parts, transports: &Transports) -> Result<Option<Credential<'r>>, Denial> {
    let reads_bearer = !transports.ignores_authorization;
    let bearer = reads_bearer.then(|| parts.headers.get_all(AUTHORIZATION)).into_iter().flatten();
    let bearer = bearer.filter(|value| bearer::is_ours(value));
    let bearer = bearer.map(|value| Credential::header(Transport::Bearer, value));
    if transports.header.is_none() {
        return Ok(one(bearer)?);
    }
    let named = transports.header.iter().flat_map(|name| filled(&parts.headers, name));
    Ok(one(bearer.chain(named))?)
}

/// The values of a header that are not empty.
fn filled<'r>(headers: &'r HeaderMap, name: &HeaderName) -> impl Iterator<Item = Credential<'r>> {
    let values = headers.get_all(name).into_iter().filter(|value| !value.as_bytes().trim_ascii().is_empty());
    values.map(|value| Credential::header(Transport::Header, value))
}

/// The refresh token that counts beside an access token: from the header `X-Refresh-Token`, or else from its cookie.
pub(crate) fn refresh_token_of<'r, C: SessionClaims>(
    parts: &'r Parts,
    auth: &Auth<C>,
) -> Result<Option<Credential<'r>>, Denial> {
    match one(filled(&parts.headers, &X_REFRESH_TOKEN))? {
        Some(sent) => Ok(Some(sent)),
        None => refresh_cookie_of(&parts.headers, auth),
    }
}

/// The refresh token in the cookie, if cookies are enabled.
pub(crate) fn refresh_cookie_of<'r, C: SessionClaims>(
    headers: &'r HeaderMap,
    auth: &Auth<C>,
) -> Result<Option<Credential<'r>>, Denial> {
    let name = auth.transports().refresh_cookie();
    Ok(one(name.into_iter().flat_map(|name| cookies(headers, name)))?)
}

/// The tokens whose sessions a sign-in or a sign-out ends. None of them is verified: to end a session that does not exist is no error.
#[derive(Default)]
pub(crate) struct Held {
    /// Tokens that the client chose to send: in a header or in the query.
    pub(crate) sent: Vec<String>,
    /// Tokens that the browser added: the access token, if none was sent, and the refresh token, if none was sent.
    pub(crate) in_cookies: Vec<HeldInCookie>,
}

/// A token in a cookie.
pub(crate) struct HeldInCookie {
    pub(crate) token: String,
    /// The session that a token of ours names.
    pub(crate) session: Option<String>,
}

/// The tokens that the request holds, by the rule of [`access_credential`]. Two cookies of one name are both held: a request that is
/// about to replace them or to take them away is not refused for them.
pub(crate) fn held<C: SessionClaims>(parts: &Parts, auth: &Auth<C>) -> Result<Held, Denial> {
    let mut held = Held::default();
    let transports = auth.transports();
    let in_cookies = |name: Option<&str>, session_of: &dyn Fn(&[u8]) -> Option<String>| -> Vec<_> {
        // Each one costs a question to the store. No browser sends more than one of a `__Host-` name.
        let found = name.into_iter().flat_map(|name| cookies(&parts.headers, name)).take(2);
        let tokens = found.filter_map(|found| found.text_of());
        tokens.map(|token| HeldInCookie { session: session_of(token.as_bytes()), token }).collect()
    };
    match sent_access(parts, transports)? {
        Some(sent) => held.sent.extend(sent.text_of()),
        None => {
            held.in_cookies =
                in_cookies(transports.access_cookie(), &|token| auth.session_of_access_token(token));
            if held.in_cookies.is_empty() {
                held.sent.extend(one(query_tokens(parts, transports))?.and_then(|found| found.text_of()));
            }
        }
    }
    match one(filled(&parts.headers, &X_REFRESH_TOKEN))? {
        Some(sent) => held.sent.extend(sent.text_of()),
        None => {
            let found =
                in_cookies(transports.refresh_cookie(), &|token| auth.session_of_refresh_token(token));
            held.in_cookies.extend(found);
        }
    }
    Ok(held)
}

/// The cookies with exactly this name that are not empty. Only browsers ignore the letter case of prefixes (RFC 6265bis section
/// 4.1.3); here a name in other letters is another cookie.
///
/// HTTP/2 may split the header into several (RFC 9113 section 8.2.3), so all of them are read.
fn cookies<'r>(headers: &'r HeaderMap, name: &str) -> impl Iterator<Item = Credential<'r>> {
    let lines = headers.get_all(COOKIE).into_iter();
    let named = lines.flat_map(move |line| {
        Cookie::split_parse(in_ascii(line)).filter_map(Result::ok).filter(move |cookie| cookie.name() == name)
    });
    let filled = named.filter(|cookie| !cookie.value().is_empty());
    filled.map(|cookie| Credential::text(Transport::Cookie, Cow::Owned(cookie.value().to_owned())))
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

/// The decoded values of the query parameter that may hold a token, without empty ones.
fn query_tokens<'r>(parts: &'r Parts, transports: &Transports) -> impl Iterator<Item = Credential<'r>> {
    let query = parts.uri.query().unwrap_or_default();
    let named = transports
        .query
        .iter()
        .flat_map(move |name| form_urlencoded::parse(query.as_bytes()).filter(move |(key, _)| key == name));
    let filled = named.filter(|(_, value)| !value.is_empty());
    filled.map(|(_, value)| Credential::text(Transport::Query, value))
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
        Ok(one(cookies(&headers, "__Host-access"))?.and_then(|found| found.text_of()))
    }

    fn parameter(query: &str) -> Result<Option<String>, Denial> {
        let uri = format!("/events?{query}");
        let (parts, ()) = http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        let transports = Transports { query: Some("access_token".to_owned()), ..Transports::default() };
        Ok(access_credential(&parts, &transports)?.and_then(|found| found.text_of()))
    }

    /// Rows 105 and 106.
    #[test]
    fn a_cookie_is_found_by_its_exact_name_in_any_line_and_refused_twice() {
        let found = |token: &str| Ok(Some(token.to_owned()));
        assert_eq!(cookie(&[b"__Host-access=a.b.c"]), found("a.b.c"));
        assert_eq!(cookie(&[b"theme=dark; __Host-access=a.b.c; x"]), found("a.b.c"));
        assert_eq!(cookie(&[b"theme=dark", b"__Host-access=a.b.c"]), found("a.b.c"));
        assert_eq!(cookie(&[b"caf\xE9=\xFF; __Host-access=a.b.c"]), found("a.b.c"));
        assert_eq!(cookie(&[b"__Host-access=; __Host-access=a.b.c"]), found("a.b.c"));
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
            b"__Host-access=",
            b"__Host-access=; __Host-access=",
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
                    assert_eq!(cookies(&headers, "__Host-access").count(), 0, "{line:?}");
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
        assert_eq!(parameter("Access_token=x&access_tokens=y&access_token="), Ok(None));
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
