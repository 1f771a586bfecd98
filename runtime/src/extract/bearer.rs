//! The bearer token of a request, RFC 6750 section 2.1.

use http::HeaderValue;

use crate::rejection::Denial;

/// The bearer token in an `Authorization` header.
///
/// Anything else is refused and not ignored, and another scheme counts as missing credentials. A header that [`is_empty`] is none at all.
pub(crate) fn token(header: &HeaderValue) -> Result<&[u8], Denial> {
    let (scheme, rest) = parts(header);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(Denial::MissingCredentials);
    }
    match rest.split_first() {
        // A later space is not base64url, so verification refuses it like every other stray byte.
        Some((b' ', token)) if !token.is_empty() && !token.starts_with(b" ") => Ok(token),
        _ => Err(Denial::InvalidRequest),
    }
}

/// Whether the scheme is `Bearer` and nothing follows. A form for trying requests sends that where no token was typed, beside the cookie
/// with which its page was opened.
pub(crate) fn is_empty(header: &HeaderValue) -> bool {
    let (scheme, rest) = parts(header);
    scheme.eq_ignore_ascii_case(b"Bearer") && rest.trim_ascii().is_empty()
}

/// The scheme, and what follows it.
fn parts(header: &HeaderValue) -> (&[u8], &[u8]) {
    let value = header.as_bytes();
    value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 65.
    #[test]
    fn scheme_is_read_in_any_letter_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c"] {
            assert_eq!(token(&HeaderValue::from_static(value)), Ok(&b"a.b.c"[..]), "{value}");
        }
    }

    /// Row 66.
    #[test]
    fn a_scheme_with_nothing_behind_it_is_empty() {
        for (value, expected) in [
            ("Bearer", true),
            ("bearer ", true),
            ("Bearer   ", true),
            ("Bearer \t", true),
            ("", false),
            ("Bearerx", false),
            ("Basic", false),
            ("Bearer x", false),
            ("Bearer  x", false),
        ] {
            assert_eq!(is_empty(&HeaderValue::from_static(value)), expected, "{value:?}");
        }
    }

    #[test]
    fn double_spaces_are_malformed_requests() {
        for value in ["Bearer  a.b.c", "Bearer   a.b.c"] {
            assert_eq!(token(&HeaderValue::from_static(value)), Err(Denial::InvalidRequest), "{value:?}");
        }
    }

    #[test]
    fn another_scheme_is_not_anonymous() {
        for value in ["Basic dXNlcjpwYXNz", "Bearerx a.b.c", "", "DPoP a.b.c"] {
            assert_eq!(token(&HeaderValue::from_static(value)), Err(Denial::MissingCredentials), "{value:?}");
        }
    }
}
