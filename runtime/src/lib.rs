//! Declarative auth for axum.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

// Generated code names `::countersign`; this makes it true inside this crate too.
#[allow(unused_extern_crates)]
extern crate self as countersign;

mod access;
mod auth;
mod claims;
mod clock;
mod declared;
mod extract;
mod fields;
#[cfg(feature = "openapi")]
mod handler;
mod http;
mod known;
#[cfg(feature = "openapi")]
mod openapi;
mod rejection;
mod role;
#[cfg(feature = "openapi")]
mod router;
#[cfg(feature = "scalar")]
mod scalar;
pub mod session;
pub mod store;
pub mod token;

#[cfg(any(test, feature = "test-util"))]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod testing;

#[doc(hidden)]
pub mod __private;

/// The `tracing` target of every event of this crate.
pub(crate) const TARGET: &str = "countersign";

pub use self::http::RefreshRequest;
pub use access::{Access, Decision, DeclaresAccess, Policy, Rule};
pub use auth::{
    Auth, AuthBuilder, AuthError, AuthState, BoxError, ClaimsSource, ConfigError, InvalidGrant,
    ProvidesClaims, TokenPair, TokenType,
};
pub use claims::{SessionClaims, Subject};
pub use clock::{Clock, SystemClock, Timestamp};
pub use extract::{Session, Transport};
#[cfg(feature = "openapi")]
#[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
pub use openapi::openapi_json;
pub use rejection::{AuthRejection, Denial, ProblemDetails};
pub use role::{RoleSet, UnknownRole};
#[cfg(feature = "openapi")]
#[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
pub use router::{AuthRouter, Routes};

/// ```
/// #[derive(countersign::Role, Clone, Copy, Debug, PartialEq, Eq)]
/// enum Role {
///     Member,
///     #[role(implies(Member))]
///     Admin,
/// }
///
/// assert_eq!(Role::Admin.as_str(), "admin");
/// assert_eq!("member".parse(), Ok(Role::Member));
/// assert!(countersign::RoleSet::grants(&Role::Admin, "member"));
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::Role;
#[cfg(feature = "macros")]
pub use countersign_macros::{AuthState, SessionClaims, authenticated, public, require_role};
#[cfg(feature = "scalar")]
#[cfg_attr(docsrs, doc(cfg(feature = "scalar")))]
pub use scalar::scalar;
