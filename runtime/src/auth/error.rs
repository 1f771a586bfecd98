//! The errors of building an `Auth`, and of its methods.

use std::error::Error;
use std::fmt;

use crate::auth::BoxError;
use crate::events::AuthOutcome;
use crate::issuers::IssuerProblem;
use crate::session::{PolicyError, ReuseKind, SessionError};
use crate::token::{KeyError, SettingsError, TokenError};

/// The reason why [`AuthBuilder::build`](crate::AuthBuilder::build) refuses a configuration. Each message says what to do.
///
/// `Debug` writes the message too, because `fn main() -> Result<…>` prints errors with it.
#[non_exhaustive]
pub enum ConfigError {
    /// The named header for access tokens has another meaning.
    AccessHeader,
    /// The query parameter for access tokens has no name, or the name of the one for refresh tokens.
    AccessQuery,
    /// The access lifetime is zero, over a day, or longer than the idle lifetime of a session.
    AccessTtl,
    /// The name of the cookies is empty, is longer than 64 characters, or has a character other than letters, digits, `-` and `_`.
    CookieName,
    /// A variable is wrong for a reason that a setting has as well.
    Env {
        /// The name of the variable.
        name: String,
        /// The reason.
        error: Box<Self>,
    },
    /// A variable is not set, or empty.
    EnvMissing {
        /// The name of the variable.
        name: String,
    },
    /// A variable has a value that cannot be read.
    EnvInvalid {
        /// The name of the variable.
        name: String,
        /// The kind of value that it needs.
        expected: &'static str,
        /// What its value is, where that can be told without the value.
        found: Option<&'static str>,
    },
    /// Live sessions would be known from the feed and from a cache that outlives it.
    FeedAndCache,
    /// The issuer is no URL, or has a user, a query or a fragment.
    Issuer,
    /// The live cache has no capacity, or remembers for less than 1 second or more than 60.
    LiveCache,
    /// A key is weak, malformed or used for two purposes.
    Key(KeyError),
    /// The `Authorization` header is left unread, and no other place may hold an access token.
    NoAccessPlace,
    /// A setting is about tokens and sessions of this server, which has none: it only trusts issuers.
    NoSessions {
        /// The builder's method.
        setting: &'static str,
    },
    /// A trusted issuer is refused.
    TrustedIssuer {
        /// The name of the issuer.
        name: String,
        /// The reason.
        problem: IssuerProblem,
    },
    /// The keys of access tokens are secrets, and were to be published.
    NoPublicKeys,
    /// A required setting is missing.
    Missing {
        /// The builder's method that sets it.
        setting: &'static str,
    },
    /// The realm has a character that a challenge cannot contain.
    Realm,
    /// A trusted origin is no origin, or uses `http` on another machine, so that anyone on the network could forge its pages.
    Origin {
        /// The text that was passed.
        origin: String,
    },
    /// A signer and other keys were given, or the keys of a signer were to be replaced by hand.
    Signer,
    /// The keys of a key ring were to be replaced by hand, or were given beside other keys.
    KeyRing,
    /// Access and refresh tokens would be signed with the same secret.
    SameKey,
    /// Several problems, each on a line of its own in the message. See [`ConfigError::problems`].
    Several(Vec<Self>),
    /// The lifetimes or the rotation of sessions contradict each other.
    Sessions(PolicyError),
    /// The settings of tokens are empty or out of range.
    Tokens(SettingsError),
    /// The window in which a retry gets the same tokens is not shorter than the access lifetime.
    Window,
}

impl ConfigError {
    /// The problems one by one: those of [`ConfigError::Several`], and otherwise this one.
    pub fn problems(&self) -> &[Self] {
        match self {
            Self::Several(problems) => problems,
            one => std::slice::from_ref(one),
        }
    }

    pub(super) fn unless_none(mut problems: Vec<Self>) -> Result<(), Self> {
        match problems.len() {
            0 => Ok(()),
            1 => Err(problems.remove(0)),
            _ => Err(Self::Several(problems)),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessTtl => f.write_str(
                "the access lifetime has to be between a second and a day, and no longer than the idle lifetime: change `access_ttl`",
            ),
            Self::AccessHeader => f.write_str(
                "the header for access tokens already has another meaning: pass another name to `access_header`",
            ),
            Self::NoAccessPlace => f.write_str(
                "no request could carry an access token: with `ignore_authorization_header`, call `access_header` or \
                 `Cookies::with_access_cookie` too",
            ),
            Self::NoSessions { setting } => write!(
                f,
                "`{setting}` is about this server's own tokens and sessions, and there are none: leave it out, or call `access_key`, \
                 `refresh_key`, `store` and `claims_source` too"
            ),
            Self::TrustedIssuer { name, problem } => write!(f, "the issuer `{}`: {problem}", name.escape_debug()),
            Self::AccessQuery => f.write_str(
                "the query parameter for access tokens needs a name other than `refresh_token`: change `access_query`",
            ),
            Self::CookieName => f.write_str(
                "a cookie name is 1 to 64 letters, digits, `-` and `_`: change the argument of `Cookies::named`",
            ),
            Self::Env { name, error } => write!(f, "{name}: {error}"),
            Self::EnvMissing { name } => write!(f, "the environment variable {name} is not set, or empty"),
            Self::EnvInvalid { name, expected, found } => {
                write!(f, "the environment variable {name} has to be {expected}")?;
                found.map_or(Ok(()), |found| write!(f, "; it is {found}"))
            }
            Self::Issuer => f.write_str(
                "the issuer has to be a URL such as `https://api.example.com`, without user, query and fragment: change `issuer`",
            ),
            Self::LiveCache => f.write_str(
                "the live cache has to remember for 1 to 60 seconds, and at least one session: change `live_cache`",
            ),
            Self::FeedAndCache => f.write_str(
                "live sessions are known from the feed or from a cache: call `live_from_feed` or `live_cache`, not both",
            ),
            Self::Key(error) => error.fmt(f),
            Self::Missing { setting } => write!(f, "nothing was passed to `{setting}`: call it before `build`"),
            Self::NoPublicKeys => f.write_str(
                "the keys of access tokens are secrets, which have no public half to publish: pass an asymmetric key, such as one for \
                 ES256, to `access_key`, or leave out `jwks`",
            ),
            Self::Realm => f.write_str(
                "the realm has to be printable ASCII without quotes and backslashes: set it with `realm`",
            ),
            Self::Origin { origin } => write!(
                f,
                "the origin `{}` cannot be trusted: pass `https`, a host and perhaps a port to `trust_origin`, as in `https://app.example.com`; `http` is for loopback addresses",
                origin.escape_debug()
            ),
            Self::Signer => f.write_str(
                "a signer signs access tokens: call `signer` and `replace_signer`, or `access_key` or `key_ring`, and no two of them",
            ),
            Self::KeyRing => f.write_str(
                "a key ring makes and replaces the keys of access tokens: call `key_ring`, or `access_key` and `replace_access_keys`, not both",
            ),
            Self::SameKey => {
                f.write_str("access and refresh tokens share a key: give `refresh_key` a secret of its own")
            }
            Self::Several(problems) => {
                write!(f, "the configuration has {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
            Self::Sessions(error) => error.fmt(f),
            Self::Tokens(error) => error.fmt(f),
            Self::Window => f.write_str(
                "the rotation window has to be shorter than the access lifetime: change `rotation` or `access_ttl`",
            ),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {}

impl From<KeyError> for ConfigError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<PolicyError> for ConfigError {
    fn from(error: PolicyError) -> Self {
        Self::Sessions(error)
    }
}

impl From<SettingsError> for ConfigError {
    fn from(error: SettingsError) -> Self {
        Self::Tokens(error)
    }
}

/// The reason why [`Auth`](crate::Auth) could not sign in, refresh, reauthenticate, impersonate or end a session.
///
/// As a response it has the status that the client may learn. The cause inside is for the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum AuthError {
    /// The answer would set cookies, and another site may have sent the request: 403.
    CrossSite,
    /// The caller is known and may not do this: 403.
    Forbidden(Forbidden),
    /// The answer would set cookies, and the browser has opened the site over plain http, where it keeps none of them: 403.
    PlainHttp,
    /// The refresh token is not valid: malformed, expired, replayed, or its session has ended.
    InvalidGrant(InvalidGrant),
    /// A token could not be made from these claims.
    Mint(TokenError),
    /// A sign-in was asked of a server that only trusts issuers and has no sessions of its own.
    NoSessions,
    /// Cookies were requested, and [`AuthBuilder::cookies`](crate::AuthBuilder::cookies) was not called.
    NoCookies,
    /// The store, the claims source or the [signer](crate::token::Signer) does not answer; nothing was changed.
    Unavailable(BoxError),
}

/// The reason why a session is refused for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forbidden {
    /// The user of the session is impersonated: the actor can neither prove who the user is nor impersonate a third one.
    Impersonated,
    /// A user wants to impersonate themselves.
    Oneself,
    /// The token is from a [trusted issuer](crate::Issuer), whose sessions are not in this server's store.
    OtherIssuer,
}

impl Forbidden {
    /// A stable name of the cause, for logs.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Impersonated => "impersonated",
            Self::Oneself => "oneself",
            Self::OtherIssuer => "other_issuer",
        }
    }
}

/// The reason why a refresh token is refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum InvalidGrant {
    /// The token belongs to another session, or another user, than the access token beside it.
    OtherSession,
    /// The session is unknown or has ended, or the token was replayed.
    Session(SessionError),
    /// The token itself does not pass verification.
    Token(TokenError),
    /// The claims source does not know the user any more; every session of the user has been ended.
    UserGone,
}

impl InvalidGrant {
    /// A stable name of the cause, for logs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherSession => "other_session",
            Self::Session(SessionError::Expired) => "session_expired",
            Self::Session(SessionError::Reused(kind)) => kind.as_str(),
            Self::Session(SessionError::Unrepeatable) => "retry_unrepeatable",
            Self::Session(_) => "session_unknown",
            Self::Token(error) => error.reason(),
            Self::UserGone => "user_gone",
        }
    }
}

impl AuthError {
    /// The error of a token that could not be made. A signer that does not answer is an outage like that of a store.
    pub(super) fn of_token(error: TokenError) -> Self {
        match error {
            TokenError::Signer(cause) => Self::Unavailable(cause),
            other => Self::Mint(other),
        }
    }

    /// A stable name of the cause, for logs.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::CrossSite => "cross_site_request",
            Self::PlainHttp => "plain_http",
            Self::Forbidden(cause) => cause.reason(),
            Self::InvalidGrant(cause) => cause.reason(),
            Self::Mint(error) => error.reason(),
            Self::NoCookies => "no_cookies",
            Self::NoSessions => "no_sessions",
            Self::Unavailable(_) => "temporarily_unavailable",
        }
    }

    pub(crate) fn outcome(&self) -> AuthOutcome {
        match self {
            Self::CrossSite | Self::PlainHttp | Self::Forbidden(_) | Self::InvalidGrant(_) => {
                AuthOutcome::Refused
            }
            Self::Mint(_) | Self::NoCookies | Self::NoSessions | Self::Unavailable(_) => AuthOutcome::Failed,
        }
    }

    /// Whether the refresh token was good once, and its session has ended since. A token that this server did not make, and a race that
    /// was lost, are no end of a session.
    pub(crate) fn session_has_ended(&self) -> bool {
        let Self::InvalidGrant(cause) = self else { return false };
        match cause {
            InvalidGrant::Session(error) => !matches!(error, SessionError::Unrepeatable),
            InvalidGrant::Token(error) => matches!(error, TokenError::Expired),
            InvalidGrant::UserGone => true,
            InvalidGrant::OtherSession => false,
        }
    }

    /// The kind of old token that was presented, and whether the session could be ended for it.
    pub(crate) fn reuse(&self) -> Option<(ReuseKind, AuthOutcome)> {
        match self {
            Self::InvalidGrant(InvalidGrant::Session(SessionError::Reused(kind))) => {
                Some((*kind, AuthOutcome::Refused))
            }
            Self::Unavailable(cause) => match cause.downcast_ref() {
                Some(SessionError::NotEnded { kind, .. }) => Some((*kind, AuthOutcome::Failed)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CrossSite => f.write_str("another site may have sent the request that would set cookies"),
            Self::PlainHttp => {
                f.write_str("the site was opened over plain http, where browsers keep no secure cookies")
            }
            Self::Forbidden(Forbidden::Impersonated) => {
                f.write_str("the user of the session is impersonated")
            }
            Self::Forbidden(Forbidden::Oneself) => f.write_str("a user cannot impersonate themselves"),
            Self::Forbidden(Forbidden::OtherIssuer) => f.write_str("the session is not one of this server"),
            Self::InvalidGrant(_) => f.write_str("the refresh token is not valid"),
            Self::Mint(_) => f.write_str("the token could not be made"),
            Self::NoSessions => f.write_str("this server has no sessions of its own: it only trusts issuers"),
            Self::NoCookies => f.write_str("cookies are not configured: call `AuthBuilder::cookies`"),
            Self::Unavailable(_) => {
                f.write_str("the session store, the claims source or the signer is unavailable")
            }
        }
    }
}

impl Error for AuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::InvalidGrant(InvalidGrant::Session(error)) => Some(error),
            Self::InvalidGrant(InvalidGrant::Token(error)) | Self::Mint(error) => Some(error),
            Self::CrossSite
            | Self::PlainHttp
            | Self::Forbidden(_)
            | Self::InvalidGrant(InvalidGrant::OtherSession | InvalidGrant::UserGone)
            | Self::NoCookies
            | Self::NoSessions => None,
            Self::Unavailable(error) => Some(&**error),
        }
    }
}

impl From<Forbidden> for AuthError {
    fn from(cause: Forbidden) -> Self {
        Self::Forbidden(cause)
    }
}

impl From<SessionError> for AuthError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown
            | SessionError::Expired
            | SessionError::Reused(_)
            | SessionError::Unrepeatable => Self::InvalidGrant(InvalidGrant::Session(error)),
            SessionError::Contended
            | SessionError::NotEnded { .. }
            | SessionError::Randomness(_)
            | SessionError::Store(_) => Self::Unavailable(error.into()),
        }
    }
}
