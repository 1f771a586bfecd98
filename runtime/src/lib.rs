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
pub use countersign_macros::{AuthState, SessionClaims};

/// ```
/// # use countersign::{SessionClaims, authenticated};
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: String }
/// /// Who am I?
/// #[authenticated]
/// #[utoipa::path(get, path = "/me", responses((status = 200, body = String)))]
/// async fn me(user: User) -> String {
///     user.id
/// }
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::authenticated;

/// ```
/// # use countersign::public;
/// #[public(reason = "health probe")]
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::public;

/// ```
/// # use countersign::{SessionClaims, require_role};
/// #[derive(countersign::Role, Clone, Copy)]
/// enum Role {
///     Member,
///     Admin,
/// }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: String, #[claims(roles)] roles: Vec<Role> }
///
/// #[require_role("admin", Role::Member)]
/// async fn members(user: User) -> String {
///     user.id
/// }
/// ```
///
/// ```compile_fail
/// # use countersign::{SessionClaims, require_role};
/// # #[derive(countersign::Role, Clone, Copy)]
/// # enum Role { Member, Admin }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: String, #[claims(roles)] roles: Vec<Role> }
/// #[require_role("admln")] // `User` has no role `admln`; did you mean `admin`?
/// async fn members(user: User) -> String {
///     user.id
/// }
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::require_role;
#[cfg(feature = "scalar")]
#[cfg_attr(docsrs, doc(cfg(feature = "scalar")))]
pub use scalar::scalar;
