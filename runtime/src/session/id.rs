//! The identifier of a session.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::SessionError;

const BYTES: usize = 16;

/// The identifier of a session, the `sid` of its tokens: 128 random bits as 22 characters of base64url.
///
/// It names a session and is not a credential.
///
/// ```
/// use countersign::session::SessionId;
///
/// let id = SessionId::generate()?;
/// assert_eq!(id.as_str().len(), 22);
/// assert_eq!(id.as_str().parse(), Ok(id));
/// assert!("../../etc/passwd".parse::<SessionId>().is_err());
/// # Ok::<(), countersign::session::SessionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Makes a new identifier from the system's random number generator.
    ///
    /// # Errors
    ///
    /// [`SessionError::Randomness`] when the operating system gives no random bytes.
    pub fn generate() -> Result<Self, SessionError> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(|cause| SessionError::Randomness(cause.into()))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The identifier as tokens, URLs and stores contain it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    /// Accepts the form that [`SessionId::generate`] makes: 16 bytes in canonical base64url without padding (RFC 4648 section 5).
    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;

    /// As [`FromStr`], without a copy.
    fn try_from(text: String) -> Result<Self, InvalidSessionId> {
        let mut bytes = [0; BYTES];
        match URL_SAFE_NO_PAD.decode_slice(&text, &mut bytes) {
            Ok(BYTES) => Ok(Self(text)),
            _ => Err(InvalidSessionId),
        }
    }
}

/// A text that is not the identifier of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the identifier of a session")
    }
}

impl std::error::Error for InvalidSessionId {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 88.
    #[test]
    fn identifiers_do_not_repeat() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| SessionId::generate().unwrap()).collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn only_the_canonical_form_is_an_identifier() {
        let id = SessionId::generate().unwrap();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        let with_newline = format!("{id}\n");
        let padded = format!("{id}==");
        let long = "A".repeat(1 << 20);
        // 22 characters carry 132 bits, and the last four have to be zero.
        let loose_bits = "AAAAAAAAAAAAAAAAAAAAAB";
        for text in
            ["", "A", &id.as_str()[1..], &with_newline, &padded, &long, loose_bits, "AAAAAAAAAAAAAAAAAAAA+/"]
        {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{} bytes", text.len());
        }
    }
}
