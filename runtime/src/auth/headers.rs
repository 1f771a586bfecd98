//! The names of our request headers, and the rule that a request presents one value, not two.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the session's CSRF token, which a page of another site can neither read nor send.
pub(crate) const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The header of a refresh token beside an access token.
pub(crate) const X_REFRESH_TOKEN: HeaderName = HeaderName::from_static("x-refresh-token");

/// A value is in the request more than once.
#[derive(Debug)]
pub(crate) struct Twice;

/// The only one of these. Two are refused, because a proxy and this server could each pick another one.
pub(crate) fn one<T>(found: impl IntoIterator<Item = T>) -> Result<Option<T>, Twice> {
    let mut found = found.into_iter();
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(Twice),
    }
}

/// The one value of a header, or `None`. Two are refused.
pub(crate) fn one_header<'r>(
    headers: &'r HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'r HeaderValue>, Twice> {
    one(headers.get_all(name))
}
