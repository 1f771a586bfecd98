//! The endpoint that exchanges a refresh token, and the macro that writes it as a handler with concrete types.

use std::fmt;

use axum_core::extract::{FromRequest, Request};
use http::request::Parts;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StrDeserializer};

use super::TokenAnswer;
use super::body::{self, Syntax, Text, in_oauth};
use crate::auth::{Auth, AuthState};
use crate::claims::SessionClaims;
use crate::extract::{Refusal, csrf, for_request, refresh_cookie_of, refuse};
use crate::rejection::{AuthRejection, Denial};

/// Writes the handler that exchanges a refresh token for the next pair: `typed_refresh_handler!(refresh, AppState)`.
///
/// The handler is a concrete function with concrete types, `POST /refresh`, documented with its request, its answer and
/// every refusal, ready for [`routes!`](crate::routes). It is public: the refresh token in the body is the credential.
///
/// The body is JSON, or a form as OAuth clients send it (RFC 6749 section 6). Members that the endpoint does not know are ignored, so
/// a client may send `client_id`, or the whole pair that it has stored. A `scope` is not granted: scopes are read anew from the
/// application, and the answer then says which. Refusals have `error` beside `code`.
///
/// With [`Cookies`](crate::Cookies) a browser sends its refresh cookie in place of a body, and gets new cookies
/// ([`CookieTokens`](crate::CookieTokens)). A refresh token in the body beats the cookie, and a form never goes with a cookie alone. The
/// cookies are taken away when their session has ended, and by no other failure.
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

/// The body of a refresh (RFC 6749 section 6), as JSON or as a form.
///
/// Members that are not listed here are ignored. Scopes and roles are read anew from the application, whatever the body asks for.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::RefreshRequest))]
pub struct RefreshRequest {
    /// The refresh token of the last response.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = true))]
    refresh_token: Text,
    /// If sent, `refresh_token`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<GrantType>))]
    grant_type: Text,
    /// The scopes that the client would like. They change nothing, and the answer says which ones the access token has.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    scope: Text,
}

/// The grant of RFC 6749 section 6.
#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::GrantType))]
#[serde(rename_all = "snake_case")]
enum GrantType {
    RefreshToken,
}

impl GrantType {
    fn parse(name: &str) -> Result<Self, Denial> {
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        Self::deserialize(name).map_err(|_| Denial::UnsupportedGrantType)
    }
}

impl RefreshRequest {
    /// The token, if the body has one. Another grant is refused, with or without a token.
    fn token(self) -> Result<Option<String>, Denial> {
        let grant = self.grant_type.0.as_deref().map(GrantType::parse).transpose()?;
        match grant {
            Some(GrantType::RefreshToken) | None => Ok(self.refresh_token.0),
        }
    }
}

// Not derived: it would show the token.
impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshRequest").finish_non_exhaustive()
    }
}

/// A request to refresh: its body, if it has one, and the headers with the refresh cookie. No token in it has been verified.
pub struct RefreshTokens {
    body: RefreshRequest,
    parts: Parts,
}

impl<S: Send + Sync> FromRequest<S> for RefreshTokens {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (parts, body) = request.into_parts();
        let read = body::read(body).await.and_then(|body| body::parse(&parts.headers, &body));
        let body = read.map_err(|denial| in_oauth(&parts.headers, denial))?.unwrap_or_default();
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

/// Exchanges the refresh token of the request for the next pair. One in the body counts first, since the client chose to send it; the
/// new tokens come back the way it came.
pub async fn refresh_session<S: AuthState>(
    state: &S,
    RefreshTokens { body, parts }: RefreshTokens,
) -> Result<TokenAnswer, AuthRejection> {
    exchange(state.auth(), &parts, body).await.map_err(|refusal| in_oauth(&parts.headers, refusal))
}

async fn exchange<C: SessionClaims>(
    auth: &Auth<C>,
    parts: &Parts,
    body: RefreshRequest,
) -> Result<TokenAnswer, AuthRejection> {
    let asks_for_scopes = body.scope.0.is_some();
    if let Some(token) = body.token()? {
        let pair = for_request(parts, auth).refresh(&token).await?;
        return Ok(TokenAnswer::Tokens(if asks_for_scopes { pair.with_scope() } else { pair }));
    }
    let cookie = refresh_cookie_of(&parts.headers, auth)?.ok_or(Denial::InvalidRequest)?;
    let token = str::from_utf8(cookie.token()?).map_err(|_| Denial::InvalidRequest)?;
    let session = auth.session_of_refresh_token(token.as_bytes());
    csrf::check(parts, auth, session.as_deref())
        .map_err(|denial| refuse(parts, auth, None, &Refusal::from(denial)))?;
    // A form of any site can be sent without its page asking first. A page of this site has no use for one: the answer is JSON.
    if Syntax::of(&parts.headers) == Some(Syntax::Form) {
        return Err(Denial::UnsupportedMediaType.into());
    }
    let refreshed = for_request(parts, auth).refresh(token).await.and_then(|pair| auth.in_cookies(pair));
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
        assert_eq!(body.refresh_token.0.as_deref(), Some("secret"));
        assert!(!format!("{body:?}").contains("secret"));
    }
}
