//! The HTTP side of sessions: the endpoints, the extractors of sign-in and reauthentication, and tokens as responses.
//!
//! The decisions are those of [`Auth`](crate::Auth) and of [`extract`](crate::extract). An endpoint reads its request
//! ([`refresh`], [`logout`], [`introspection`], [`own_sessions`]; [`body`] reads JSON and forms), calls the `Auth`, and answers ([`answer`], [`token`],
//! [`cookies`]). [`Auth::routes`](crate::Auth::routes) mounts the endpoints; `typed_refresh_handler!` writes one of them.

mod answer;
mod body;
mod cookies;
#[cfg(feature = "cors")]
mod cors;
#[cfg(feature = "user-agent")]
mod device;
mod device_kind;
mod introspection;
mod logout;
mod metadata;
mod own_sessions;
mod policy;
mod published_keys;
mod reauthentication;
mod refresh;
mod return_to;
mod sessions;
mod sign_in;
mod token;

pub use cookies::{CookieTokens, ExpiredCookies};
#[cfg(feature = "openapi")]
pub(crate) use introspection::IntrospectionRequest;
pub(crate) use introspection::introspect_token;
pub use logout::LogoutRequest;
pub(crate) use logout::{SignedOut, logout_session};
pub(crate) use own_sessions::{list_sessions, logout_all_sessions, revoke_other_sessions, revoke_session};
use policy::LogoutPolicy;
pub(crate) use policy::MetadataPolicy;
pub use policy::RefreshPolicy;
pub(crate) use published_keys::{PublicDocument, ServerMetadata, publish_keys};
pub use reauthentication::Reauthentication;
pub use refresh::{EndpointState, RefreshRequest, RefreshTokens, refresh_session};
pub(crate) use return_to::NEXT;
pub use return_to::ReturnTo;
pub use sessions::{SessionInfo, SessionList};
pub use sign_in::SignIn;
pub use token::TokenAnswer;
