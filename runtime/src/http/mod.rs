//! Endpoints: wrappers around [`Auth`](crate::Auth), without decisions of their own.

pub(crate) mod answer;
mod logout;
mod policy;
mod refresh;
#[cfg(feature = "openapi")]
mod routes;
mod sessions;
mod token;

pub use logout::{LogoutRequest, LogoutTokens, SignedOut, logout_all_sessions, logout_session};
pub use policy::{LogoutPolicy, OwnSessionsPolicy, RefreshPolicy};
pub use refresh::{RefreshAnswer, RefreshRequest, refresh_session};
#[cfg(feature = "openapi")]
pub use routes::{Endpoint, SessionRoutes};
pub use sessions::{
    Revoked, SessionInfo, SessionList, SessionPath, list_sessions, revoke_other_sessions, revoke_session,
};
