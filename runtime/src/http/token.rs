//! Tokens (RFC 6749 section 5.1) and introspection (RFC 7662 section 2.2) as responses.

use axum_core::response::{IntoResponse, Response};

use serde::Serialize;

use super::{CookieTokens, answer};
use crate::auth::{AccessGrant, Introspection, TokenPair};

/// Tokens the way their client holds them, as [`SignIn::answer`](crate::SignIn::answer),
/// [`Reauthentication::answer`](crate::Reauthentication::answer) and the refresh endpoint give them: a browser has them in cookies, any
/// other client has them in the body.
///
/// In the document it is `body = TokenAnswer`: one of both bodies.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::TokenAnswer))]
#[serde(untagged)]
#[non_exhaustive]
#[must_use = "it is a response"]
pub enum TokenAnswer {
    /// In the body.
    Tokens(TokenPair),
    /// In cookies, for a browser.
    Cookies(CookieTokens),
}

impl IntoResponse for TokenAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Tokens(tokens) => tokens.into_response(),
            Self::Cookies(tokens) => tokens.into_response(),
        }
    }
}

impl IntoResponse for TokenPair {
    fn into_response(self) -> Response {
        answer::json(&self)
    }
}

impl IntoResponse for AccessGrant {
    fn into_response(self) -> Response {
        answer::json(&self)
    }
}

impl IntoResponse for Introspection {
    fn into_response(self) -> Response {
        answer::json(&self)
    }
}
