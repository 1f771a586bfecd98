//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own, and what HTTP adds to tokens.

pub(crate) mod answer;
mod cookies;
#[cfg(feature = "cors")]
mod cors;
#[cfg(feature = "user-agent")]
mod device;
mod logout;
mod metadata;
mod policy;
mod reauthentication;
mod refresh;
mod sessions;
mod sign_in;
mod token;

use ::http::request::Parts;
use axum_core::extract::FromRequestParts as _;

use crate::auth::{Auth, Session};
use crate::claims::SessionClaims;
use crate::rejection::AuthRejection;

pub use cookies::{CookieTokens, ExpiredCookies};
pub use logout::{LogoutRequest, LogoutTokens, SignedOut, logout_all_sessions, logout_session};
pub use policy::{LogoutPolicy, OwnSessionsPolicy, RefreshPolicy};
pub use reauthentication::Reauthentication;
pub use refresh::{RefreshAnswer, RefreshRequest, refresh_session};
pub use sessions::{
    Revoked, SessionInfo, SessionList, SessionPath, list_sessions, revoke_other_sessions, revoke_session,
};
pub use sign_in::SignIn;

/// The session of the caller, whom the guard has let in before.
///
/// A handler that a macro writes cannot name the claims of its state, or a state without an `Auth` would be two mistakes.
async fn session_of<C: SessionClaims>(
    auth: &Auth<C>,
    mut caller: Parts,
) -> Result<Session<C>, AuthRejection> {
    Session::from_request_parts(&mut caller, auth).await
}
