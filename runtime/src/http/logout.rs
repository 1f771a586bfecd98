//! The bodies of `typed_logout_handler!` and `typed_logout_all_handler!`.

use std::fmt;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::{Json, RequestExt as _};
use axum_core::body::Body;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::HeaderMap;
use http::request::Parts;
use serde::Deserialize;

use super::{answer, session_of};
use crate::auth::{Auth, AuthState};
use crate::claims::SessionClaims;
use crate::extract::bearer;
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that ends the session of the tokens in a request: `typed_logout_handler!(logout, AppState)`.
///
/// `POST /logout` takes the access token in its usual place, expired or not, or the refresh token in the body, as
/// [`LogoutRequest`], or both. The answer is 204 even where there is nothing to end (RFC 7009 section 2.2), and 503 when the
/// store does not answer. It is public: the token that it ends is the credential.
///
/// The arguments are those of [`typed_refresh_handler!`](crate::typed_refresh_handler).
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, routes, typed_logout_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_logout_handler!(logout, Auth<User>, path = "/auth/logout");
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new().routes(routes!(logout)).with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_logout_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_logout_handler!($crate, $($handler)*);
    };
}

/// Writes the handler that ends every session of the caller: `typed_logout_all_handler!(logout_all, AppState)`.
///
/// `POST /logout-all` answers with 204 and ends the session of the request as well. The arguments are those of
/// [`typed_refresh_handler!`](crate::typed_refresh_handler).
///
/// ```
/// use countersign::{Auth, AuthRouter, SessionClaims, routes, typed_logout_all_handler};
///
/// #[derive(SessionClaims, Clone)]
/// struct User {
///     #[claims(subject)]
///     id: String,
/// }
///
/// typed_logout_all_handler!(
///     /// Signs out everywhere
///     logout_all,
///     Auth<User>,
///     tag = "auth"
/// );
///
/// fn router(auth: Auth<User>) -> AuthRouter {
///     AuthRouter::new().routes(routes!(logout_all)).with_state(auth)
/// }
/// ```
#[cfg(feature = "macros")]
#[macro_export]
macro_rules! typed_logout_all_handler {
    ($($handler:tt)*) => {
        $crate::__private::typed_logout_all_handler!($crate, $($handler)*);
    };
}

/// More than a refresh token of the largest configurable size needs.
const LARGEST_BODY: usize = 64 * 1024;

/// What a client sends to sign out with its refresh token, as JSON. The access token does as well, and then no body is needed.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// The refresh token of the last response.
    #[serde(default)]
    refresh_token: Option<String>,
}

// Not derived: it would show the token.
impl fmt::Debug for LogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutRequest").finish_non_exhaustive()
    }
}

/// Every token that a request to sign out presents. None of them has been verified.
pub struct LogoutTokens {
    tokens: Vec<String>,
}

impl<S: AuthState> FromRequest<S> for LogoutTokens {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, AuthRejection> {
        let access_token = access_token(request.headers())
            .map_err(|denial| AuthRejection::new(denial, state.auth().realm()))?;
        let LogoutRequest { refresh_token } = body(request).await?;
        Ok(Self { tokens: access_token.into_iter().chain(refresh_token).collect() })
    }
}

/// The bearer token. Credentials of another kind belong to somebody else and end nothing here.
fn access_token(headers: &HeaderMap) -> Result<Option<String>, Denial> {
    let Some(header) = bearer::header(headers)? else { return Ok(None) };
    match bearer::token(header) {
        // A token of ours is ASCII.
        Ok(token) => Ok(str::from_utf8(token).ok().map(str::to_owned)),
        Err(Denial::MissingCredentials) => Ok(None),
        Err(denial) => Err(denial),
    }
}

/// The body, which may be missing whatever the request says of its type.
async fn body(mut request: Request) -> Result<LogoutRequest, AuthRejection> {
    DefaultBodyLimit::max(LARGEST_BODY).apply(&mut request);
    let headers = request.headers().clone();
    let bytes = Bytes::from_request(request, &()).await.map_err(|_| Denial::InvalidRequest)?;
    if bytes.is_empty() {
        return Ok(LogoutRequest::default());
    }
    let mut request = Request::new(Body::from(bytes));
    *request.headers_mut() = headers;
    match request.extract::<Json<LogoutRequest>, _>().await {
        Ok(Json(request)) => Ok(request),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(Denial::UnsupportedMediaType.into()),
        Err(_) => Err(Denial::InvalidRequest.into()),
    }
}

/// 204: the caller is signed out.
#[derive(Debug)]
pub struct SignedOut(());

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        answer::no_content()
    }
}

/// Ends the sessions that the tokens belong to.
pub async fn logout_session<C: SessionClaims>(
    auth: &Auth<C>,
    request: LogoutTokens,
) -> Result<SignedOut, AuthRejection> {
    for token in &request.tokens {
        auth.logout(token).await?;
    }
    Ok(SignedOut(()))
}

/// Ends every session of the caller.
pub async fn logout_all_sessions<C: SessionClaims>(
    auth: &Auth<C>,
    caller: Parts,
) -> Result<SignedOut, AuthRejection> {
    let session = session_of(auth, caller).await?;
    auth.logout_all(session.claims().subject()).await?;
    Ok(SignedOut(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let request: LogoutRequest = serde_json::from_str(r#"{"refresh_token":"secret"}"#).unwrap();
        assert_eq!(request.refresh_token.as_deref(), Some("secret"));
        assert!(!format!("{request:?}").contains("secret"));
    }
}
