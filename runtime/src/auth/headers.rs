//! The names of our request headers, and how a value is taken from a place that may hold one.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the session's token against CSRF, which a page of another site can neither read nor send.
pub(crate) const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The header of a refresh token that is sent beside an access token.
pub(crate) const X_REFRESH_TOKEN: HeaderName = HeaderName::from_static("x-refresh-token");

/// A value was given more than once.
#[derive(Debug)]
pub(crate) struct Twice;

/// The only one there is; two are ambiguous, and a server that picks one invites a request that is read in two ways.
pub(crate) fn one<T>(found: impl IntoIterator<Item = T>) -> Result<Option<T>, Twice> {
    let mut found = found.into_iter();
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(Twice),
    }
}

/// The one value of a header; `None` when there is none, refused when there are two.
pub(crate) fn one_header<'r>(
    headers: &'r HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'r HeaderValue>, Twice> {
    one(headers.get_all(name))
}
