//! Errors of tokens.

use std::error::Error;
use std::fmt;

/// Why a token was refused, or could not be made.
///
/// Clients do not see it; [`TokenError::reason`] is for logs. No variant holds a token. Two have a source: that of [`TokenError::Claims`] may quote
/// values from the payload.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// Not three base64url segments (RFC 7515 section 7.1).
    Malformed,
    /// Longer than the configured limit.
    TooLong,
    /// The header is not one JSON object with string members, or a member occurs twice.
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
    /// A member of the payload occurs twice.
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
    /// An actor uses the token for its user (`act`), so the session in it is the actor's.
    Impersonated,
    /// The application's claims cannot be read or written.
    Claims(Box<dyn Error + Send + Sync>),
    /// The claims for a new token are not one JSON object.
    NotAnObject,
    /// The set has no key that signs.
    CannotSign,
    /// The [`Signer`](super::Signer) failed, or its signature does not verify.
    Signer(Box<dyn Error + Send + Sync>),
    /// The cryptographic back end failed to sign.
    BackEnd,
    /// The operating system gave no random bytes.
    Random,
}

impl TokenError {
    pub(super) fn claims(source: serde_json::Error) -> Self {
        Self::Claims(source.into())
    }

    /// A short, stable code for logs and metrics.
    pub fn reason(&self) -> &'static str {
        self.facts().0
    }

    /// The code and the text. The texts about one claim go on after its name.
    fn facts(&self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("malformed", "the token is not three base64url segments"),
            Self::TooLong => ("too_long", "the token is longer than the limit"),
            Self::Header => ("header", "the token's header is malformed"),
            Self::Algorithm => ("algorithm", "the token's algorithm is not the one of its key"),
            Self::CriticalHeader => ("critical_header", "the token's header asks for an extension"),
            Self::Type => ("type", "the token is of another type"),
            Self::UnknownKey => ("unknown_key", "the token names no known key"),
            Self::Signature => ("signature", "the token's signature does not verify"),
            Self::Payload => ("payload", "the token's payload is malformed"),
            Self::DuplicateClaim => ("duplicate_claim", "a claim occurs twice in the token"),
            Self::MissingClaim(_) => ("missing_claim", "is missing"),
            Self::InvalidClaim(_) => ("invalid_claim", "is malformed"),
            Self::Issuer => ("issuer", "the token is from another issuer"),
            Self::Audience => ("audience", "the token is for another audience"),
            Self::Expired => ("expired", "the token has expired"),
            Self::NotYetValid => ("not_yet_valid", "the token is not valid yet"),
            Self::IssuedInFuture => ("issued_in_future", "the token was issued in the future"),
            Self::TooOld => ("too_old", "the token is older than the maximum age"),
            Self::Impersonated => {
                ("impersonated", "the token carries the session of an actor, and not of its user")
            }
            Self::Claims(_) => ("claims", "the application's claims do not fit the token"),
            Self::NotAnObject => ("not_an_object", "the claims are not one JSON object"),
            Self::CannotSign => ("cannot_sign", "the set has no key that signs"),
            Self::Signer(_) => ("signer", "the token could not be signed elsewhere"),
            Self::BackEnd => ("back_end", "the cryptographic back end could not sign the token"),
            Self::Random => ("random", "the operating system gave no random bytes"),
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::MissingClaim(name) | Self::InvalidClaim(name) = self {
            write!(f, "the claim `{name}` ")?;
        }
        f.write_str(self.facts().1)
    }
}

impl Error for TokenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(source) | Self::Signer(source) => Some(source.as_ref()),
            _ => None,
        }
    }
}
