//! The HTTP side of sessions: the endpoints, the extractors of sign-in and reauthentication, and tokens as responses.
//!
//! The decisions are those of [`Auth`](crate::Auth) and of [`extract`](crate::extract). An endpoint reads its request
//! ([`refresh`], [`logout`], [`own_sessions`]; [`body`] reads JSON), calls the `Auth`, and answers ([`answer`], [`token`],
//! [`cookies`]). [`Auth::routes`](crate::Auth::routes) mounts the endpoints; `typed_refresh_handler!` writes one of them.

mod answer;
mod body;
mod cookies;
#[cfg(feature = "cors")]
mod cors;
#[cfg(feature = "user-agent")]
mod device;
#[cfg(feature = "openapi")]
mod logout;
mod metadata;
#[cfg(feature = "openapi")]
mod own_sessions;
mod policy;
mod reauthentication;
mod refresh;
mod sessions;
mod sign_in;
mod token;

pub use cookies::{CookieTokens, ExpiredCookies};
#[cfg(feature = "openapi")]
pub use logout::LogoutRequest;
#[cfg(feature = "openapi")]
pub(crate) use logout::{SignedOut, logout_session};
#[cfg(feature = "openapi")]
pub(crate) use own_sessions::{list_sessions, logout_all_sessions, revoke_other_sessions, revoke_session};
#[cfg(feature = "openapi")]
use policy::LogoutPolicy;
pub use policy::RefreshPolicy;
pub use reauthentication::Reauthentication;
pub use refresh::{RefreshAnswer, RefreshRequest, RefreshTokens, refresh_session};
pub use sessions::{SessionInfo, SessionList};
pub use sign_in::SignIn;
