//! The bearer token of a request, RFC 6750 section 2.1.

use http::HeaderValue;

use crate::rejection::Denial;

/// The bearer token in an `Authorization` header.
///
/// Anything else is refused and not ignored: an empty token is a malformed request, and another scheme counts as missing
/// credentials.
pub(crate) fn token(header: &HeaderValue) -> Result<&[u8], Denial> {
    let value = header.as_bytes();
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(Denial::MissingCredentials);
    }
    match rest.split_first() {
        // A later space is not base64url, so verification refuses it like every other stray byte.
        Some((b' ', token)) if !token.is_empty() && !token.starts_with(b" ") => Ok(token),
        _ => Err(Denial::InvalidRequest),
    }
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
    fn empty_tokens_and_double_spaces_are_malformed_requests() {
        for value in ["Bearer", "Bearer ", "Bearer  a.b.c", "Bearer   "] {
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
