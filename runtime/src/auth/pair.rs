//! The tokens that a sign-in, a refresh or an impersonation issues.

use std::fmt;

use serde::Serialize;

use super::introspect::scope_in;

/// An access token and the refresh token that renews it: the token response of RFC 6749 section 5.1.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::TokenPair))]
#[non_exhaustive]
pub struct TokenPair {
    /// The token for the `Authorization` header, after `Bearer`.
    pub access_token: String,
    /// How the access token is used; always `Bearer`.
    pub token_type: TokenType,
    /// The remaining life of the access token, in seconds.
    pub expires_in: u64,
    /// The token that is exchanged for the next pair, once.
    pub refresh_token: String,
    /// The remaining life of the refresh token, in seconds. A refresh moves its end, but never beyond the absolute end of the session,
    /// where both tokens end together: if this is no more than `expires_in`, another refresh gains nothing.
    pub refresh_expires_in: u64,
    /// The scopes of the access token, in the answer to a refresh that asked for scopes (RFC 6749 section 5.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether cookies with these tokens end with the browser, as [`Remember`](crate::Remember) chose for the session.
    #[serde(skip)]
    pub(crate) ends_with_browser: bool,
}

impl TokenPair {
    /// Says which scopes the access token has; an empty text if it has none.
    pub(crate) fn with_scope(self) -> Self {
        Self { scope: Some(scope_in(&self.access_token)), ..self }
    }
}

/// The access token of an impersonation, which [`Auth::impersonate`](crate::Auth::impersonate) makes. It has no refresh token and goes
/// into no cookie.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::AccessGrant))]
#[non_exhaustive]
pub struct AccessGrant {
    /// The token for the `Authorization` header, after `Bearer`.
    pub access_token: String,
    /// How the access token is used; always `Bearer`.
    pub token_type: TokenType,
    /// The remaining life of the access token, in seconds.
    pub expires_in: u64,
}

/// The type of an access token (RFC 6749 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::TokenType))]
#[non_exhaustive]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
}

// Not derived: it would show the tokens.
impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .finish_non_exhaustive()
    }
}

// As above.
impl fmt::Debug for AccessGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessGrant")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
