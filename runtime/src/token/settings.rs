//! The values that every token carries, and the checks on those that come back.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::TokenError;
use super::payload::{Expected, Registered};
use crate::clock::Timestamp;

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
const LONGEST_LEEWAY: Duration = Duration::from_secs(300);
const DEFAULT_MAX_LEN: usize = 8 * 1024;
const MAX_LENS: std::ops::RangeInclusive<usize> = 512..=64 * 1024;

/// Issuer, audiences, leeway and limits of tokens.
///
/// ```
/// use std::time::Duration;
/// use countersign::token::TokenSettings;
///
/// let settings = TokenSettings::new("https://auth.example.com", "https://api.example.com")
///     .audience("https://files.example.com")
///     .leeway(Duration::ZERO);
/// ```
#[derive(Clone, Debug)]
pub struct TokenSettings {
    issuer: String,
    audiences: Vec<String>,
    client_id: Option<String>,
    pub(super) leeway: Duration,
    pub(super) max_len: usize,
    max_age: Option<Duration>,
}

/// Why settings for tokens were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// The issuer is empty or blank.
    EmptyIssuer,
    /// An audience is empty or blank.
    EmptyAudience,
    /// The client id is empty or blank.
    EmptyClientId,
    /// The leeway is over five minutes.
    LeewayTooLong,
    /// The limit of a token's length is not between 512 bytes and 64 KiB.
    LengthLimit,
    /// The refresh key is not a secret. Only with a secret are the successors of a token the same byte for byte.
    RefreshKeyNotSecret,
    /// The limit of a token's length has no room for a refresh token.
    RefreshTokenTooLong,
}

impl TokenSettings {
    /// Takes the `iss` and the `aud` of tokens. Both are compared byte for byte: a trailing slash makes a difference.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            client_id: None,
            leeway: DEFAULT_LEEWAY,
            max_len: DEFAULT_MAX_LEN,
            max_age: None,
        }
    }

    /// Adds an audience. New tokens name all audiences; a token that names any of them is accepted.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Sets the `client_id` of access tokens (RFC 9068 section 2.2); the first audience unless set.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets how much clocks may differ when `exp`, `nbf` and `iat` are checked: 60 seconds unless set, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the most bytes that a token may have, which is checked before anything else: 8 KiB unless set.
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Lowers the limit of a token's length to `bytes` if it is higher.
    pub(crate) fn at_most(mut self, bytes: usize) -> Self {
        self.max_len = self.max_len.min(bytes);
        self
    }

    /// Refuses tokens that were issued longer ago than this, whatever their `exp`. No limit unless set.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    pub(super) fn checked(self) -> Result<Self, SettingsError> {
        self.problems().into_iter().next().map_or(Ok(self), Err)
    }

    /// Everything that is wrong with the settings by themselves.
    pub(crate) fn problems(&self) -> Vec<SettingsError> {
        let mistakes = [
            (is_blank(&self.issuer), SettingsError::EmptyIssuer),
            (self.audiences.iter().any(|audience| is_blank(audience)), SettingsError::EmptyAudience),
            (self.client_id.as_deref().is_some_and(is_blank), SettingsError::EmptyClientId),
            (self.leeway > LONGEST_LEEWAY, SettingsError::LeewayTooLong),
            (!MAX_LENS.contains(&self.max_len), SettingsError::LengthLimit),
        ];
        mistakes.into_iter().filter_map(|(is_made, error)| is_made.then_some(error)).collect()
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn leeway_of_clocks(&self) -> Duration {
        self.leeway
    }

    pub(super) fn expected(&self) -> Expected<'_> {
        Expected { issuer: &self.issuer, audiences: &self.audiences }
    }

    pub(super) fn client(&self) -> &str {
        self.client_id.as_deref().or_else(|| self.audiences.first().map(String::as_str)).unwrap_or_default()
    }

    /// Checks `exp`, `nbf` and `iat` (RFC 7519 sections 4.1.4 to 4.1.6), and the maximum age.
    pub(super) fn check_times(&self, times: &Registered<'_>, now: Timestamp) -> Result<(), TokenError> {
        if now >= times.expires_at + self.leeway {
            return Err(TokenError::Expired);
        }
        let latest_start = now + self.leeway;
        if times.not_before.is_some_and(|start| start > latest_start) {
            return Err(TokenError::NotYetValid);
        }
        if times.issued_at > latest_start {
            return Err(TokenError::IssuedInFuture);
        }
        match self.max_age {
            Some(age) if now.since(times.issued_at) > age.saturating_add(self.leeway) => {
                Err(TokenError::TooOld)
            }
            _ => Ok(()),
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyIssuer => "the issuer is empty or blank: set the URL of this service",
            Self::EmptyAudience => "an audience is empty or blank: set the URL or name of the API",
            Self::EmptyClientId => "the client id is empty or blank: set a name or leave it out",
            Self::LeewayTooLong => "the leeway is over five minutes: set at most 300 seconds",
            Self::LengthLimit => "the limit of a token's length is not between 512 bytes and 64 KiB: set one that is",
            Self::RefreshKeyNotSecret => {
                "the refresh key is not a secret that signs: make it with `Key::from_secret`"
            }
            Self::RefreshTokenTooLong => {
                "refresh tokens do not fit the limit of a token's length: raise it, or shorten issuer and audiences"
            }
        })
    }
}

impl Error for SettingsError {}
