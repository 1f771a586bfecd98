//! The body of `typed_refresh_handler!`.

use std::fmt;

use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::{Json, RequestExt};
use axum_core::extract::{FromRequest, Request};
use serde::Deserialize;

use crate::auth::{AuthState, TokenPair};
use crate::rejection::{AuthRejection, Denial};

/// More than a refresh token of the largest configurable size needs.
const LARGEST_BODY: usize = 64 * 1024;

/// What a client sends to get the next pair of tokens (RFC 6749 section 6), as JSON.
///
/// Scopes and roles cannot be asked for: they are read anew from the application. `Debug` does not show the token.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token of the last response.
    refresh_token: String,
    /// If sent, `refresh_token`.
    #[serde(default)]
    grant_type: Option<GrantType>,
}

/// The grant of RFC 6749 section 6.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
enum GrantType {
    RefreshToken,
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest").finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequest<S> for RefreshRequest {
    type Rejection = AuthRejection;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, AuthRejection> {
        DefaultBodyLimit::max(LARGEST_BODY).apply(&mut request);
        match request.extract::<Json<Self>, _>().await {
            Ok(Json(request)) => Ok(request),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Denial::UnsupportedMediaType.into()),
            Err(_) => Err(Denial::InvalidRequest.into()),
        }
    }
}

/// Exchanges the refresh token of the request for the next pair.
pub async fn refresh_session<S: AuthState>(
    state: &S,
    request: RefreshRequest,
) -> Result<TokenPair, AuthRejection> {
    let RefreshRequest { refresh_token, grant_type: Some(GrantType::RefreshToken) | None } = request;
    Ok(state.auth().refresh(&refresh_token).await?)
}
