//! The body of `typed_refresh_handler!`.

use std::fmt;

use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::{Json, RequestExt};
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::auth::{AuthState, TokenPair};
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that exchanges a refresh token for the next pair: `typed_refresh_handler!(refresh, AppState)`.
///
/// The handler is a concrete function with concrete types, `POST /refresh`, documented with its request, its answer and
/// every refusal, ready for [`routes!`](crate::routes). It is public: the refresh token in the body is the credential.
///
/// After the name and the state's type, which is an [`AuthState`], may follow `path = "/auth/refresh"`, `tag = "..."` and
/// `crate = path`. A visibility and attributes stand before the name; doc comments become the operation's summary and
/// description.
///
/// ```
/// use countersign::{Auth, SessionClaims, typed_refresh_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_refresh_handler!(refresh, Auth<User>);
///
/// typed_refresh_handler!(
///     /// A new access token
///     pub renew,
///     Auth<User>,
///     path = "/auth/renew",
///     tag = "auth"
/// );
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_refresh_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_refresh_handler!($crate, $($handler)*);
    };
}

/// More than a refresh token of the largest configurable size needs.
const LARGEST_BODY: usize = 64 * 1024;

/// What a client sends to get the next pair of tokens (RFC 6749 section 6), as JSON.
///
/// Scopes and roles cannot be asked for: they are read anew from the application.
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

// Not derived: it would show the token.
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

/// What the refresh endpoint answers with.
#[doc(hidden)]
#[derive(Debug)]
pub struct RefreshAnswer(TokenPair);

impl IntoResponse for RefreshAnswer {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Exchanges the refresh token of the request for the next pair.
pub async fn refresh_session<S: AuthState>(
    state: &S,
    request: RefreshRequest,
) -> Result<RefreshAnswer, AuthRejection> {
    let RefreshRequest { refresh_token, grant_type: Some(GrantType::RefreshToken) | None } = request;
    Ok(RefreshAnswer(state.auth().refresh(&refresh_token).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let request: RefreshRequest = serde_json::from_str(r#"{"refresh_token":"secret"}"#).unwrap();
        assert_eq!(request.refresh_token, "secret");
        assert!(!format!("{request:?}").contains("secret"));
    }
}
