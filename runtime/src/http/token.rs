//! Tokens (RFC 6749 section 5.1) and introspection (RFC 7662 section 2.2) as responses.

use axum_core::response::{IntoResponse, Response};

use super::answer;
use crate::auth::{AccessGrant, Introspection, TokenPair};

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
