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
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::Deserialize;

use super::{ExpiredCookies, LogoutPolicy, answer, session_of};
use crate::access::Policy as _;
use crate::auth::{Auth, Transport};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, access_credential, csrf, placed, refresh_cookie_of, refuse};
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that ends the session of the tokens in a request: `typed_logout_handler!(logout, AppState)`.
///
/// `POST /logout` takes the access token in any place where one may stand, expired or not, the refresh token in its cookie or in
/// the body, as [`LogoutRequest`], or several of them. The answer is 204 even where there is nothing to end (RFC 7009
/// section 2.2), and 503 when the store does not answer. It is public: the token that it ends is the credential. Cookies count
/// where [the site itself](crate::Auth::csrf_token) has sent them, and are taken away.
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

/// A request to sign out, with every token that it presents. None of them has been verified.
pub struct LogoutTokens {
    body: LogoutRequest,
    parts: Parts,
}

impl<S: Send + Sync> FromRequest<S> for LogoutTokens {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (parts, body) = request.into_parts();
        let body = read(&parts.headers, body).await?;
        Ok(Self { body, parts })
    }
}

/// The body, which may be missing whatever the request says of its type.
async fn read(headers: &HeaderMap, body: Body) -> Result<LogoutRequest, Denial> {
    let mut request = Request::new(body);
    DefaultBodyLimit::max(LARGEST_BODY).apply(&mut request);
    let bytes: Bytes = request.extract().await.map_err(|_| Denial::InvalidRequest)?;
    if bytes.is_empty() {
        return Ok(LogoutRequest::default());
    }
    let mut request = Request::new(Body::from(bytes));
    request.headers_mut().extend(headers.get(CONTENT_TYPE).map(|value| (CONTENT_TYPE, value.clone())));
    match request.extract::<Json<LogoutRequest>, _>().await {
        Ok(Json(request)) => Ok(request),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(Denial::UnsupportedMediaType),
        Err(_) => Err(Denial::InvalidRequest),
    }
}

/// What was found in a request to sign out.
#[derive(Default)]
struct Presented {
    tokens: Vec<String>,
    /// Whether any of them came in a cookie, which the browser is then to forget.
    in_cookie: bool,
}

impl Presented {
    fn add(&mut self, token: &[u8]) {
        // A token of ours is ASCII.
        self.tokens.extend(str::from_utf8(token).map(str::to_owned));
    }
}

/// The tokens in every place where one may stand. A cookie counts only where the site itself has sent it.
fn presented<C: SessionClaims>(
    auth: &Auth<C>,
    parts: &Parts,
    body: LogoutRequest,
) -> Result<Presented, Denial> {
    let mut presented = Presented { tokens: Vec::from_iter(body.refresh_token), in_cookie: false };
    if let Some(access) = access_credential(parts, auth.transports())? {
        let in_cookie = access.transport == Transport::Cookie;
        match access.token() {
            Ok(token) => {
                if in_cookie {
                    check_sender(auth, parts, auth.session_of_access_token(token))?;
                }
                presented.add(token);
            }
            // Credentials of another kind belong to somebody else and end nothing here.
            Err(Denial::MissingCredentials) => {}
            Err(denial) => return Err(denial),
        }
        presented.in_cookie |= in_cookie;
    }
    if let Some(refresh) = refresh_cookie_of(&parts.headers, auth)? {
        let token = refresh.token()?;
        check_sender(auth, parts, auth.session_of_refresh_token(token))?;
        presented.add(token);
        presented.in_cookie = true;
    }
    Ok(presented)
}

/// A token that is not ours names no session, and no `X-CSRF-Token` is right for it; who sent it is asked all the same.
fn check_sender<C: SessionClaims>(
    auth: &Auth<C>,
    parts: &Parts,
    session: Option<String>,
) -> Result<(), Denial> {
    let subject = session.as_deref().map_or(csrf::Subject::SignIn, csrf::Subject::Session);
    csrf::check(parts, auth, subject)
}

/// 204: the caller is signed out.
#[derive(Debug)]
pub struct SignedOut(Option<ExpiredCookies>);

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        (self.0, answer::no_content()).into_response()
    }
}

/// Ends the sessions that the tokens belong to.
///
/// The cookies are taken away only where they were sent: in the answer to a form of another site, with which a browser sends
/// no `SameSite` cookie, they would sign the user out of this browser.
pub async fn logout_session<C: SessionClaims>(
    auth: &Auth<C>,
    request: LogoutTokens,
) -> Result<SignedOut, AuthRejection> {
    let LogoutTokens { body, parts } = request;
    let presented = presented(auth, &parts, body)
        .map_err(|denial| refuse(&parts, auth, Some(LogoutPolicy::ACCESS), &Refusal::from(denial)))?;
    let placed = placed(&parts, auth);
    for token in &presented.tokens {
        placed.logout(token).await?;
    }
    Ok(SignedOut(presented.in_cookie.then(|| auth.expired_cookies())))
}

/// Ends every session of the caller.
pub async fn logout_all_sessions<C: SessionClaims>(
    auth: &Auth<C>,
    caller: Parts,
) -> Result<SignedOut, AuthRejection> {
    let placed = placed(&caller, auth);
    let session = session_of(auth, caller).await?;
    placed.logout_all(session.claims().subject()).await?;
    Ok(SignedOut(Some(auth.expired_cookies())))
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
