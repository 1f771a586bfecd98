//! Why a token was refused, or not made.

use std::error::Error;
use std::fmt;

/// Why a token was refused, or could not be made.
///
/// Clients learn none of this; [`TokenError::reason`] is for logs. No variant holds a token, and only
/// [`TokenError::Claims`] has a source, which may quote values from the payload.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// Not three base64url segments (RFC 7515 section 7.1).
    Malformed,
    /// Longer than the configured limit.
    TooLong,
    /// The header is not one JSON object with string members, or a member stands twice.
    Header,
    /// `alg` is missing, or is not the algorithm of the key.
    Algorithm,
    /// The header asks for an extension with `crit`, or for another encoding with `b64` (RFC 7515 section 4.1.11).
    CriticalHeader,
    /// `typ` is missing, or names another kind of token.
    Type,
    /// No key has this `kid`, or there are several keys and no `kid`.
    UnknownKey,
    /// The signature does not verify.
    Signature,
    /// The payload is not one JSON object in UTF-8, or is nested too deeply.
    Payload,
    /// A member of the payload stands twice.
    DuplicateClaim,
    /// A required claim is missing.
    MissingClaim(&'static str),
    /// A registered claim has the wrong type or is out of range.
    InvalidClaim(&'static str),
    /// `iss` is not the configured issuer.
    Issuer,
    /// `aud` does not name any configured audience.
    Audience,
    /// `exp` has passed.
    Expired,
    /// `nbf` is still to come.
    NotYetValid,
    /// `iat` is still to come.
    IssuedInFuture,
    /// `iat` is longer ago than the configured maximum age.
    TooOld,
    /// Somebody acts with the token for its user (`act`), and it carries the session of the one who acts.
    Impersonated,
    /// The application's claims cannot be read or written.
    Claims(Box<dyn Error + Send + Sync>),
    /// The claims to write are not one JSON object.
    NotAnObject,
    /// No key signs, or the back end failed to.
    CannotSign,
    /// The operating system gave no random bytes.
    Random,
}

impl TokenError {
    pub(super) fn claims(source: serde_json::Error) -> Self {
        Self::Claims(source.into())
    }

    /// A short, stable code for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::CriticalHeader => "critical_header",
            Self::Type => "type",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Payload => "payload",
            Self::DuplicateClaim => "duplicate_claim",
            Self::MissingClaim(_) => "missing_claim",
            Self::InvalidClaim(_) => "invalid_claim",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::TooOld => "too_old",
            Self::Impersonated => "impersonated",
            Self::Claims(_) => "claims",
            Self::NotAnObject => "not_an_object",
            Self::CannotSign => "cannot_sign",
            Self::Random => "random",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the token is not three base64url segments",
            Self::TooLong => "the token is longer than the limit",
            Self::Header => "the token's header is malformed",
            Self::Algorithm => "the token's algorithm is not the one of its key",
            Self::CriticalHeader => "the token's header asks for an extension",
            Self::Type => "the token is of another type",
            Self::UnknownKey => "the token names no known key",
            Self::Signature => "the token's signature does not verify",
            Self::Payload => "the token's payload is malformed",
            Self::DuplicateClaim => "a claim stands twice in the token",
            Self::MissingClaim(name) => return write!(f, "the claim `{name}` is missing"),
            Self::InvalidClaim(name) => return write!(f, "the claim `{name}` is malformed"),
            Self::Issuer => "the token is from another issuer",
            Self::Audience => "the token is for another audience",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInFuture => "the token was issued in the future",
            Self::TooOld => "the token is older than the maximum age",
            Self::Impersonated => "somebody acts with the token for its user",
            Self::Claims(_) => "the application's claims do not fit the token",
            Self::NotAnObject => "the claims are not one JSON object",
            Self::CannotSign => "no key could sign the token",
            Self::Random => "the operating system gave no random bytes",
        })
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
