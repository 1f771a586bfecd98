//! The endpoint that exchanges a refresh token, and the macro that writes it as a handler with concrete types.

use std::fmt;

use axum_core::extract::{FromRequest, Request};
use http::request::Parts;
use serde::Deserialize;

use super::{TokenAnswer, body};
use crate::auth::{Auth, AuthState};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, csrf, for_request, refresh_cookie_of, refuse};
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that exchanges a refresh token for the next pair: `typed_refresh_handler!(refresh, AppState)`.
///
/// The handler is a concrete function with concrete types, `POST /refresh`, documented with its request, its answer and
/// every refusal, ready for [`routes!`](crate::routes). It is public: the refresh token in the body is the credential.
/// With [`Cookies`](crate::Cookies) a browser sends its refresh cookie in place of a body, and gets new cookies
/// ([`CookieTokens`](crate::CookieTokens)). A refresh token in the body beats the cookie. The cookies are taken away when their session
/// has ended, and by no other failure.
///
/// The name comes first, after attributes and a visibility if there are any; doc comments become the operation's summary and
/// description. The type of the router's state, an [`AuthState`], comes second. `path = "/auth/refresh"`, `tag = "..."` and
/// `crate = path` may follow. The other endpoints of sessions have no macro: [`Auth::routes`](crate::Auth::routes) mounts them.
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

/// The body of a refresh (RFC 6749 section 6), as JSON.
///
/// It asks for no scopes and no roles: they are read anew from the application.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::RefreshRequest))]
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
#[cfg_attr(feature = "openapi", schema(as = countersign::GrantType))]
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

/// A request to refresh: its body, if it has one, and the headers with the refresh cookie. No token in it has been verified.
pub struct RefreshTokens {
    body: Option<RefreshRequest>,
    parts: Parts,
}

impl<S: Send + Sync> FromRequest<S> for RefreshTokens {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (parts, body) = request.into_parts();
        let body = body::json(&parts.headers, body::read(body).await?).await?;
        Ok(Self { body, parts })
    }
}

/// The state in `typed_refresh_handler!(refresh, AppState)`: an [`AuthState`], with a message for other types in that place.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the router's state: it carries no `Auth`",
    label = "not a router's state with an `Auth`",
    note = "write the type that `with_state` takes, not the claims: a struct with `#[derive(AuthState)]`, or an `Auth<...>`"
)]
pub trait EndpointState: Send + Sync {
    /// The application's claims.
    type Claims: SessionClaims;

    /// The handle that the endpoint uses.
    fn auth_of_endpoint(&self) -> &Auth<Self::Claims>;
}

#[diagnostic::do_not_recommend]
impl<S: AuthState> EndpointState for S {
    type Claims = S::Claims;

    fn auth_of_endpoint(&self) -> &Auth<S::Claims> {
        self.auth()
    }
}

/// Exchanges the refresh token of the request for the next pair. One in the body counts first, because somebody chose to send it; the
/// new tokens come back the way it came.
pub async fn refresh_session<S: AuthState>(
    state: &S,
    request: RefreshTokens,
) -> Result<TokenAnswer, AuthRejection> {
    let RefreshTokens { body, parts } = request;
    let auth = state.auth();
    if let Some(body) = body {
        let RefreshRequest { refresh_token, grant_type: Some(GrantType::RefreshToken) | None } = body;
        return Ok(TokenAnswer::Tokens(for_request(&parts, auth).refresh(&refresh_token).await?));
    }
    let cookie = refresh_cookie_of(&parts.headers, auth)?.ok_or(Denial::InvalidRequest)?;
    let token = str::from_utf8(cookie.token()?).map_err(|_| Denial::InvalidRequest)?;
    let session = auth.session_of_refresh_token(token.as_bytes());
    csrf::check(&parts, auth, session.as_deref())
        .map_err(|denial| refuse(&parts, auth, None, &Refusal::from(denial)))?;
    let refreshed = for_request(&parts, auth).refresh(token).await.and_then(|pair| auth.in_cookies(pair));
    refreshed.map(TokenAnswer::Cookies).map_err(|error| {
        let has_ended = error.session_has_ended();
        let rejection = AuthRejection::from(error);
        if has_ended { rejection.setting(auth.expired_cookies().into_headers()) } else { rejection }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let body: RefreshRequest = serde_json::from_str(r#"{"refresh_token":"secret"}"#).unwrap();
        assert_eq!(body.refresh_token, "secret");
        assert!(!format!("{body:?}").contains("secret"));
    }
}
