//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own. And what HTTP adds to tokens: cookies, and who sent a request.

pub(crate) mod answer;
mod cookies;
#[cfg(feature = "cors")]
mod cors;
pub(crate) mod csrf;
#[cfg(feature = "user-agent")]
mod device;
mod logout;
mod metadata;
mod origin;
mod policy;
mod reauthentication;
mod refresh;
#[cfg(feature = "openapi")]
mod routes;
mod sessions;
mod sign_in;
mod token;

use ::http::HeaderName;
use ::http::request::Parts;
use axum_core::extract::FromRequestParts as _;

use crate::auth::Auth;
use crate::claims::SessionClaims;
use crate::extract::Session;
use crate::rejection::AuthRejection;

pub(crate) use cookies::{CookieRules, largest_value};
pub use cookies::{CookieSameSite, CookieTokens, Cookies, ExpiredCookies};
pub(crate) use csrf::X_CSRF_TOKEN;
pub use logout::{LogoutRequest, LogoutTokens, SignedOut, logout_all_sessions, logout_session};
pub use policy::{LogoutPolicy, OwnSessionsPolicy, RefreshPolicy};
pub use reauthentication::Reauthentication;
pub use refresh::{RefreshAnswer, RefreshRequest, refresh_session};
#[cfg(feature = "openapi")]
pub use routes::{Endpoint, SessionRoutes};
pub use sessions::{
    Revoked, SessionInfo, SessionList, SessionPath, list_sessions, revoke_other_sessions, revoke_session,
};
pub use sign_in::SignIn;

/// The header of a refresh token that stands beside an access token.
pub(crate) const X_REFRESH_TOKEN: HeaderName = HeaderName::from_static("x-refresh-token");

/// The session of the caller, whom the guard has let in before.
///
/// A handler that a macro writes cannot name the claims of its state, or a state without an `Auth` would be two mistakes.
async fn session_of<C: SessionClaims>(
    auth: &Auth<C>,
    mut caller: Parts,
) -> Result<Session<C>, AuthRejection> {
    Session::from_request_parts(&mut caller, auth).await
}
