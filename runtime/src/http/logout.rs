//! The endpoint that ends the session of the tokens in a request.

use std::fmt;

use axum::extract::State;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::Deserialize;

use super::body::{self, Text, in_oauth};
use super::{ExpiredCookies, LogoutPolicy, answer};
use crate::access::Policy as _;
use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::{Held, HeldInCookie, Public, Refusal, csrf, for_request, held, refuse};
use crate::rejection::{AuthRejection, Denial};

/// The body of a logout with the refresh token, or of a revocation (RFC 7009 section 2.1), as JSON or as a form.
///
/// A logout with another token needs no body. Members that are not listed here are ignored.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = countersign::LogoutRequest))]
pub struct LogoutRequest {
    /// The refresh token of the last response.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    refresh_token: Text,
    /// An access or refresh token to revoke: its session ends. Cookies and headers are not looked at, and the answer is 200.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    token: Text,
    /// The type of `token`. It is not needed, since a token says itself which type it is of.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    token_type_hint: Text,
}

/// What the body asks for.
enum Wish {
    /// To sign out, with the refresh token of the body if it has one.
    Logout(Option<String>),
    /// To revoke these tokens.
    Revocation(Vec<String>),
}

impl LogoutRequest {
    /// Refuses a hint to a token that is not there.
    fn wish(self) -> Result<Wish, Denial> {
        match (self.token.0, self.token_type_hint.0) {
            (Some(token), _) => {
                Ok(Wish::Revocation([token].into_iter().chain(self.refresh_token.0).collect()))
            }
            (None, Some(_)) => Err(Denial::InvalidRequest),
            (None, None) => Ok(Wish::Logout(self.refresh_token.0)),
        }
    }
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
        let read = body::read(body).await.and_then(|body| match body.is_empty() {
            // Of an empty body the media type says nothing: an HTML form without fields has one too.
            true => Ok(None),
            false => body::parse(&parts.headers, &body),
        });
        let body = read.map_err(|denial| in_oauth(&parts.headers, denial))?.unwrap_or_default();
        Ok(Self { body, parts })
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
    refresh_token: Option<String>,
) -> Result<Presented, Denial> {
    let Held { sent, in_cookies } = held(parts, auth)?;
    let mut presented = Presented { tokens: sent, in_cookie: false };
    presented.tokens.extend(refresh_token);
    let was_sent = !presented.tokens.is_empty();
    let mut refused = None;
    let (mut ends_session, mut leaves_session) = (false, false);
    for HeldInCookie { token, session } in in_cookies {
        match csrf::check(parts, auth, session.as_deref()) {
            Ok(()) => {
                presented.tokens.push(token);
                presented.in_cookie = true;
                ends_session |= session.is_some();
            }
            Err(denial) => {
                refused = Some(denial);
                leaves_session |= session.is_some();
            }
        }
    }
    match refused {
        // An answer that takes the cookies away must not leave their session behind.
        Some(denial) if !was_sent && leaves_session && !ends_session => Err(denial),
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

/// The answer to a logout.
#[derive(Debug)]
pub(crate) enum LogoutAnswer {
    SignedOut(SignedOut),
    /// 200: no token of the request is active any more (RFC 7009 section 2.2).
    Revoked,
}

impl IntoResponse for LogoutAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut(answer) => answer.into_response(),
            Self::Revoked => answer::empty(),
        }
    }
}

/// Ends the sessions that the tokens belong to.
///
/// Cookies are taken away only from a request that has sent them. A browser sends no `SameSite` cookie with a form of another site;
/// expired cookies in the answer would let that form sign the user out of this browser.
pub(crate) async fn logout_session<C: SessionClaims>(
    _: Public<LogoutPolicy>,
    State(auth): State<Auth<C>>,
    LogoutTokens { body, parts }: LogoutTokens,
) -> Result<LogoutAnswer, AuthRejection> {
    end(&auth, &parts, body).await.map_err(|refusal| in_oauth(&parts.headers, refusal))
}

/// A revocation has its token in the body, and looks nowhere else: neither at the cookies of the browser that it may come from, nor at
/// `Authorization`, where a client may send a name and a password of its own.
async fn end<C: SessionClaims>(
    auth: &Auth<C>,
    parts: &Parts,
    body: LogoutRequest,
) -> Result<LogoutAnswer, AuthRejection> {
    let refuse = |denial| refuse(parts, auth, Some(LogoutPolicy::ACCESS), &Refusal::from(denial));
    let auth_for_request = for_request(parts, auth);
    match body.wish().map_err(refuse)? {
        Wish::Revocation(tokens) => {
            end_each(&auth_for_request, &tokens).await?;
            Ok(LogoutAnswer::Revoked)
        }
        Wish::Logout(refresh_token) => {
            let presented = presented(auth, parts, refresh_token).map_err(refuse)?;
            end_each(&auth_for_request, &presented.tokens).await?;
            let cookies = presented.in_cookie.then(|| auth.expired_cookies());
            Ok(LogoutAnswer::SignedOut(SignedOut(cookies)))
        }
    }
}

async fn end_each<C: SessionClaims>(auth: &Auth<C>, tokens: &[String]) -> Result<(), AuthRejection> {
    for token in tokens {
        auth.logout(token).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 30.
    #[test]
    fn debug_output_of_a_request_shows_no_token() {
        let request: LogoutRequest = serde_json::from_str(r#"{"refresh_token":"secret"}"#).unwrap();
        assert_eq!(request.refresh_token.0.as_deref(), Some("secret"));
        assert!(!format!("{request:?}").contains("secret"));
    }
}
