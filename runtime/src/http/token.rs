//! The token response, RFC 6749 section 5.1.

use axum_core::response::{IntoResponse, Response};

use super::answer;
use crate::auth::{AccessGrant, TokenPair};

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
