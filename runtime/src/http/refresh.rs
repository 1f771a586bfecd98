//! The body of `typed_refresh_handler!`.

use std::fmt;

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::JsonRejection;
use axum::{Json, RequestExt};
use axum_core::body::Body;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::Deserialize;

use super::CookieTokens;
use crate::auth::{Auth, AuthState, TokenPair};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, csrf, placed, refresh_cookie_of, refuse};
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that exchanges a refresh token for the next pair: `typed_refresh_handler!(refresh, AppState)`.
///
/// The handler is a concrete function with concrete types, `POST /refresh`, documented with its request, its answer and
/// every refusal, ready for [`routes!`](crate::routes). It is public: the refresh token in the body is the credential.
/// With [`Cookies`](crate::Cookies) a browser sends no body and its refresh cookie instead, and gets new cookies
/// ([`CookieTokens`](crate::CookieTokens)). Both at once are refused, and no failure takes a cookie away.
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

/// A request for the next tokens (RFC 6749 section 6): the refresh token in a JSON body, or no body and the refresh cookie.
///
/// Scopes and roles cannot be asked for: they are read anew from the application.
pub struct RefreshRequest {
    body: Option<RefreshBody>,
    parts: Parts,
}

/// What a client sends to get the next pair of tokens (RFC 6749 section 6), as JSON.
///
/// Scopes and roles cannot be asked for: they are read anew from the application.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RefreshRequest))]
#[serde(deny_unknown_fields)]
struct RefreshBody {
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

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for RefreshRequest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        RefreshBody::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for RefreshRequest {
    fn name() -> std::borrow::Cow<'static, str> {
        RefreshBody::name()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        RefreshBody::schemas(schemas);
    }
}

impl<S: Send + Sync> FromRequest<S> for RefreshRequest {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (parts, body) = request.into_parts();
        let mut request = Request::new(body);
        DefaultBodyLimit::max(LARGEST_BODY).apply(&mut request);
        let bytes: Bytes = request.extract().await.map_err(|_| Denial::InvalidRequest)?;
        let is_empty = bytes.is_empty();
        let Some(content_type) = parts.headers.get(CONTENT_TYPE) else {
            return match is_empty {
                true => Ok(Self { body: None, parts }),
                false => Err(Denial::UnsupportedMediaType.into()),
            };
        };
        let mut request = Request::new(Body::from(bytes));
        request.headers_mut().insert(CONTENT_TYPE, content_type.clone());
        match request.extract::<Json<RefreshBody>, _>().await {
            Ok(Json(body)) => Ok(Self { body: Some(body), parts }),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Denial::UnsupportedMediaType.into()),
            // Some clients announce JSON whatever they send.
            Err(_) if is_empty => Ok(Self { body: None, parts }),
            Err(_) => Err(Denial::InvalidRequest.into()),
        }
    }
}

/// What the refresh endpoint answers with: tokens the way the refresh token came.
#[doc(hidden)]
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshAnswer {
    /// It was in the body.
    Tokens(TokenPair),
    /// It was in the cookie.
    Cookies(CookieTokens),
}

impl IntoResponse for RefreshAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Tokens(tokens) => tokens.into_response(),
            Self::Cookies(tokens) => tokens.into_response(),
        }
    }
}

/// Exchanges the refresh token of the request for the next pair.
pub async fn refresh_session<S: AuthState>(
    state: &S,
    request: RefreshRequest,
) -> Result<RefreshAnswer, AuthRejection> {
    let RefreshRequest { body, parts } = request;
    let auth = state.auth();
    match (body, refresh_cookie_of(&parts.headers, auth)?) {
        (Some(body), None) => {
            let RefreshBody { refresh_token, grant_type: Some(GrantType::RefreshToken) | None } = body;
            Ok(RefreshAnswer::Tokens(placed(&parts, auth).refresh(&refresh_token).await?))
        }
        (None, Some(cookie)) => {
            let token = str::from_utf8(cookie.token()?).map_err(|_| Denial::InvalidRequest)?;
            check_sender(&parts, auth, token)?;
            Ok(RefreshAnswer::Cookies(auth.in_cookies(placed(&parts, auth).refresh(token).await?)?))
        }
        (Some(_), Some(_)) | (None, None) => Err(Denial::InvalidRequest.into()),
    }
}

/// A token that is not valid names no session, and no `X-CSRF-Token` is right for it; who sent it is asked all the same.
fn check_sender<C: SessionClaims>(parts: &Parts, auth: &Auth<C>, token: &str) -> Result<(), AuthRejection> {
    let session = auth.session_of_refresh_token(token.as_bytes());
    let subject = session.as_deref().map_or(csrf::Subject::SignIn, csrf::Subject::Session);
    csrf::check(parts, auth, subject).map_err(|denial| refuse(parts, auth, None, &Refusal::from(denial)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let body: RefreshBody = serde_json::from_str(r#"{"refresh_token":"secret"}"#).unwrap();
        assert_eq!(body.refresh_token, "secret");
        let (parts, ()) = http::Request::builder().header("cookie", "secret").body(()).unwrap().into_parts();
        let request = RefreshRequest { body: Some(body), parts };
        assert!(!format!("{request:?}").contains("secret"));
    }
}
