//! The bearer token of a request, RFC 6750 section 2.1.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::rejection::Denial;

/// The one bearer token in the headers; `None` when there is no `Authorization` header at all.
///
/// Whatever else is there is refused rather than overlooked: two headers and an empty token are malformed requests,
/// another scheme is a caller who did not present what this server asks for.
pub(crate) fn token(headers: &HeaderMap) -> Result<Option<&[u8]>, Denial> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Denial::InvalidRequest);
    }
    let value = value.as_bytes();
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(Denial::MissingCredentials);
    }
    match rest.split_first() {
        // A space further on is no base64url, so verification refuses it with every other stray byte.
        Some((b' ', token)) if !token.is_empty() && !token.starts_with(b" ") => Ok(Some(token)),
        _ => Err(Denial::InvalidRequest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn no_header_is_no_token() {
        assert_eq!(token(&HeaderMap::new()), Ok(None));
    }

    /// Row 65.
    #[test]
    fn scheme_is_read_in_any_letter_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c"] {
            assert_eq!(token(&headers(&[value])), Ok(Some(&b"a.b.c"[..])), "{value}");
        }
    }

    /// Row 64.
    #[test]
    fn two_headers_are_a_malformed_request() {
        assert_eq!(token(&headers(&["Bearer a.b.c", "Bearer a.b.c"])), Err(Denial::InvalidRequest));
    }

    /// Row 66.
    #[test]
    fn empty_tokens_and_double_spaces_are_malformed_requests() {
        for value in ["Bearer", "Bearer ", "Bearer  a.b.c", "Bearer   "] {
            assert_eq!(token(&headers(&[value])), Err(Denial::InvalidRequest), "{value:?}");
        }
    }

    #[test]
    fn another_scheme_is_not_anonymous() {
        for value in ["Basic dXNlcjpwYXNz", "Bearerx a.b.c", "", "DPoP a.b.c"] {
            assert_eq!(token(&headers(&[value])), Err(Denial::MissingCredentials), "{value:?}");
        }
    }
}
