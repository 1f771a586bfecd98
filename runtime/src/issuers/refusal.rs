//! Why the token of an issuer is refused.

use std::fmt;
use std::time::Duration;

use crate::token::TokenError;

/// Why a token is refused, or cannot be judged now. It is for the log: the client learns 401 or 503.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The token itself is malformed, or its signature is.
    Token(TokenError),
    /// No trusted issuer has this `iss`.
    UnknownIssuer,
    /// The `alg` is not one that the application accepts of this issuer.
    Algorithm,
    /// The issuer has no key for this token.
    UnknownKey,
    /// The `typ` of the header is not one of access tokens.
    Type,
    /// The token is an ID token.
    IdToken,
    /// A claim says that this is no access token.
    OtherKind(&'static str),
    /// The token is bound to a key of its client, which is not checked here.
    SenderConstrained,
    /// It is for another audience.
    Audience,
    /// It was given to a client that the application does not accept.
    Client,
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// A claim is missing.
    Missing(String),
    /// A claim has a value that cannot be read.
    Malformed(String),
    /// The application's claims cannot be made from it.
    Claims(String),
    /// The application does not know the user.
    UnknownUser,
    /// The keys of the issuer are not known, or not recent enough. They are asked for again after this time.
    NoKeys(Duration),
    /// The application could not say what the claims are.
    Source(String),
}

impl Refusal {
    /// A short, stable code.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::UnknownIssuer => "issuer",
            Self::Algorithm => "algorithm",
            Self::UnknownKey => "unknown_key",
            Self::Type => "type",
            Self::IdToken => "id_token",
            Self::OtherKind(_) => "other_kind_of_token",
            Self::SenderConstrained => "sender_constrained",
            Self::Audience => "audience",
            Self::Client => "client",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Missing(_) => "missing_claim",
            Self::Malformed(_) => "invalid_claim",
            Self::Claims(_) => "claims",
            Self::UnknownUser => "unknown_user",
            Self::NoKeys(_) => "issuer_unavailable",
            Self::Source(_) => "claims_unavailable",
        }
    }

    /// Whether the caller may be let in later, with the same token.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::NoKeys(_) | Self::Source(_))
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => error.fmt(f),
            Self::UnknownIssuer => f.write_str("the token is from an issuer that is not trusted"),
            Self::Algorithm => f.write_str("the token's algorithm is not accepted of this issuer"),
            Self::UnknownKey => f.write_str("the issuer has no key for the token"),
            Self::Type => {
                f.write_str("the `typ` in the token's header is not one of this issuer's access tokens")
            }
            Self::IdToken => f.write_str("the token is an ID token"),
            Self::OtherKind(name) => write!(f, "the claim `{name}` says that the token is no access token"),
            Self::SenderConstrained => f.write_str(
                "the token has a `cnf`: it is bound to a key of its client, which is not checked here",
            ),
            Self::Audience => f.write_str("the token is for another audience"),
            Self::Client => f.write_str("the token was given to another client"),
            Self::Expired => f.write_str("the token has expired"),
            Self::NotYetValid => f.write_str("the token is not valid yet"),
            Self::Missing(name) => write!(f, "the claim `{name}` is missing"),
            Self::Malformed(name) => write!(f, "the claim `{name}` is malformed"),
            Self::Claims(cause) => write!(f, "the application's claims do not fit the token: {cause}"),
            Self::UnknownUser => f.write_str("the application does not know the user"),
            Self::NoKeys(after) => {
                write!(
                    f,
                    "the keys of the issuer are not known, or too old; they are asked for again in {after:?}"
                )
            }
            Self::Source(cause) => write!(f, "the application's claims could not be read: {cause}"),
        }
    }
}
