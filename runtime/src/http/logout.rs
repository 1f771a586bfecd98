//! The endpoint that ends the session of the tokens in a request.

use std::fmt;

use axum::extract::State;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::Deserialize;

use super::{ExpiredCookies, LogoutPolicy, answer, body};
use crate::access::Policy as _;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::{Held, HeldInCookie, Public, Refusal, csrf, for_request, held, refuse};
use crate::rejection::{AuthRejection, Denial};

/// The body of a logout with the refresh token, as JSON. A request with another token needs no body.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::LogoutRequest))]
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
pub(crate) struct LogoutTokens {
    body: LogoutRequest,
    parts: Parts,
}

impl<S: Send + Sync> FromRequest<S> for LogoutTokens {
    type Rejection = AuthRejection;

    async fn from_request(request: Request, _: &S) -> Result<Self, AuthRejection> {
        let (parts, body) = request.into_parts();
        let body = body::read(body).await?;
        // Of an empty body the media type says nothing: an HTML form without fields has one too.
        let sent = if body.is_empty() { None } else { body::json(&parts.headers, body).await? };
        Ok(Self { body: sent.unwrap_or_default(), parts })
    }
}

/// The tokens that were found in a request to sign out.
#[derive(Default)]
struct Presented {
    tokens: Vec<String>,
    /// Whether any of them came in a cookie, which the browser is then to forget.
    in_cookie: bool,
}

/// The tokens in every place that may hold one. A cookie counts only if the site itself has sent it; where a token was sent as well,
/// cookies of which this is not certain are left alone.
fn presented<C: SessionClaims>(
    auth: &Auth<C>,
    parts: &Parts,
    body: LogoutRequest,
) -> Result<Presented, Denial> {
    let Held { sent, in_cookies } = held(parts, auth)?;
    let mut presented = Presented { tokens: sent, in_cookie: false };
    presented.tokens.extend(body.refresh_token);
    let was_sent = !presented.tokens.is_empty();
    let mut refused = None;
    for HeldInCookie { token, session } in in_cookies {
        match csrf::check(parts, auth, session.as_deref()) {
            Ok(()) => {
                presented.tokens.push(token);
                presented.in_cookie = true;
            }
            Err(denial) => refused = Some(denial),
        }
    }
    match refused {
        Some(denial) if !was_sent && !presented.in_cookie => Err(denial),
        _ => Ok(presented),
    }
}

/// 204: the caller is signed out.
#[derive(Debug)]
pub(crate) struct SignedOut(pub(super) Option<ExpiredCookies>);

impl IntoResponse for SignedOut {
    fn into_response(self) -> Response {
        (self.0, answer::no_content()).into_response()
    }
}

/// Ends the sessions that the tokens belong to.
///
/// Cookies are taken away only from a request that has sent them. A browser sends no `SameSite` cookie with a form of another site;
/// expired cookies in the answer would let that form sign the user out of this browser.
pub(crate) async fn logout_session<C: SessionClaims>(
    _: Public<LogoutPolicy>,
    State(auth): State<Auth<C>>,
    request: LogoutTokens,
) -> Result<SignedOut, AuthRejection> {
    let LogoutTokens { body, parts } = request;
    let presented = presented(&auth, &parts, body)
        .map_err(|denial| refuse(&parts, &auth, Some(LogoutPolicy::ACCESS), &Refusal::from(denial)))?;
    let auth = for_request(&parts, &auth);
    for token in &presented.tokens {
        auth.logout(token).await?;
    }
    Ok(SignedOut(presented.in_cookie.then(|| auth.expired_cookies())))
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
