//! The bearer token of a request, RFC 6750 section 2.1.

use http::HeaderValue;

use crate::rejection::Denial;

/// The bearer token in an `Authorization` header that [`is_ours`]: everything behind the scheme and its spaces (RFC 9110 section 11.4).
///
/// A later space is not base64url, so verification refuses it like every other stray byte.
pub(crate) fn token(header: &HeaderValue) -> Result<&[u8], Denial> {
    let (_, rest) = parts(header);
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    match rest.get(spaces..) {
        Some(token) if spaces > 0 && !token.is_empty() => Ok(token),
        _ => Err(Denial::InvalidRequest),
    }
}

/// Whether the scheme is `Bearer` and something follows.
///
/// Another scheme is for another layer, such as the password in front of a staging site. A `Bearer` with nothing behind it comes from a
/// form for trying requests in which no token was typed. A browser sends both beside the cookie with which the page was opened.
pub(crate) fn is_ours(header: &HeaderValue) -> bool {
    let (scheme, rest) = parts(header);
    scheme.eq_ignore_ascii_case(b"Bearer") && !rest.trim_ascii().is_empty()
}

/// The scheme, and what follows it.
fn parts(header: &HeaderValue) -> (&[u8], &[u8]) {
    let value = header.as_bytes();
    // As nearly every client writes it.
    if value.starts_with(b"Bearer ") {
        return value.split_at(b"Bearer".len());
    }
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
    fn a_scheme_with_nothing_behind_it_and_another_scheme_are_not_ours() {
        for (value, expected) in [
            ("Bearer", false),
            ("bearer ", false),
            ("Bearer   ", false),
            ("Bearer \t", false),
            ("", false),
            ("Bearerx", false),
            ("Bearerx a.b.c", false),
            ("Basic", false),
            ("Basic dXNlcjpwYXNz", false),
            ("DPoP a.b.c", false),
            ("Bearer x", true),
            ("Bearer  x", true),
        ] {
            assert_eq!(is_ours(&HeaderValue::from_static(value)), expected, "{value:?}");
        }
    }

    /// Row 66: RFC 6750 section 2.1 has `1*SP` between scheme and token, and no other blank.
    #[test]
    fn any_number_of_spaces_is_between_scheme_and_token() {
        for value in ["Bearer a.b.c", "Bearer  a.b.c", "Bearer          a.b.c"] {
            assert_eq!(token(&HeaderValue::from_static(value)), Ok(&b"a.b.c"[..]), "{value:?}");
        }
        assert_eq!(token(&HeaderValue::from_static("Bearer \ta.b.c")), Ok(&b"\ta.b.c"[..]), "no token68");
    }
}
