//! Declarative auth for axum: one line above a handler says who may call it, and the compiler, the running server and the
//! OpenAPI document all follow from that line.
//!
//! ```
//! use countersign::{Auth, AuthRouter, Role, SessionClaims, authenticated, require_role, routes};
//!
//! #[derive(Role, Clone, Copy)]
//! enum Role {
//!     Member,
//!     #[role(implies(Member))]
//!     Admin,
//! }
//!
//! #[derive(SessionClaims, Clone)]
//! struct User {
//!     #[claims(subject)]
//!     id: u64,
//!     #[claims(roles)]
//!     roles: Vec<Role>,
//! }
//!
//! /// Who am I?
//! #[authenticated]
//! #[utoipa::path(get, path = "/me", responses((status = 200)))]
//! async fn me(user: User) -> String {
//!     user.id.to_string()
//! }
//!
//! /// Members only
//! #[require_role("member")]
//! #[utoipa::path(get, path = "/members", responses((status = 200)))]
//! async fn members() -> &'static str {
//!     "hello"
//! }
//!
//! fn router(auth: Auth<User>) -> (axum::Router, utoipa::openapi::OpenApi) {
//!     AuthRouter::new()
//!         .routes(routes!(me))
//!         .routes(routes!(members))
//!         .routes(auth.routes().nest("/auth")) // refresh, logout, sessions
//!         .with_state(auth)
//!         .split_for_parts()
//! }
//! ```
//!
//! Start with [`Auth::builder`] or [`Auth::from_env`], sign users in with [`SignIn`] or [`Auth::login`], and keep sessions in a
//! [`store`]. Clients send tokens in the `Authorization` header, and browsers in [`Cookies`]. A refused caller gets an [`AuthRejection`].
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | the derives, the attributes and [`routes!`] |
//! | `openapi` | yes | the OpenAPI document of an [`AuthRouter`], on utoipa and utoipa-axum |
//! | `aws-lc-rs` | yes | the cryptography; needs a C compiler |
//! | `rust-crypto` | | the cryptography in Rust alone; with both, aws-lc-rs is used |
//! | `scalar` | | `scalar()`, the Scalar page from the binary |
//! | `sqlite` | | `SqliteStore`; needs Rust 1.94 |
//! | `postgres` | | `PostgresStore`; needs Rust 1.94; TLS is the application's choice of `sqlx` feature |
//! | `redis` | | `RedisStore`, for Redis 6 and later and for Valkey |
//! | `reqwest` | | `reqwest::Client` fetches the keys of issuers; TLS is the application's choice of `reqwest` feature |
//! | `connect-info` | | the client's address in [`SessionMetadata`] and events, from axum's `ConnectInfo` |
//! | `user-agent` | | the name of the device in [`SessionMetadata`] |
//! | `cors` | | `Auth::cors_layer`, for pages of other origins |
//! | `wasm-js` | | randomness and time on `wasm32-unknown-unknown` in a JavaScript host, such as a Worker; nothing elsewhere |
//! | `test-util` | | [`testing`]: an `Auth` in one line, bad tokens by name, the access probe, `assert_access_matrix!`, the conformance suite |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

// Generated code names `::countersign`; this makes it true inside this crate too.
#[allow(unused_extern_crates)]
extern crate self as countersign;

mod access;
mod auth;
mod base64url;
mod claims;
mod clock;
pub mod dangerous;
mod diagnostics;
mod events;
mod extract;
mod html;
mod http;
mod issuers;
mod layer;
#[cfg(test)]
mod layers;
mod log;
mod matrix;
#[cfg(feature = "openapi")]
mod openapi;
mod rejection;
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

pub use self::http::{
    CookieTokens, ExpiredCookies, LogoutRequest, Reauthentication, RefreshRequest, ReturnTo, SessionInfo,
    SessionList, SignIn, TokenAnswer,
};
pub use access::{Access, DeclaresAccess, NamedRule, Policy, Rule};
pub use auth::{
    AccessGrant, Actor, Auth, AuthBuilder, AuthError, AuthState, BoxError, ClaimsSource, ConfigError,
    CookieSameSite, Cookies, Forbidden, Introspection, InvalidGrant, Liveness, ProvidesClaims,
    RefreshSession, Session, TokenPair, TokenType, Transport,
};
#[cfg(not(target_family = "wasm"))]
pub use auth::{Ended, Guarded, RenewError};
pub use claims::role::{NamedBy, RoleSet, UnknownRole};
pub use claims::{SessionClaims, Subject};
pub use clock::{Clock, SystemClock, Timestamp};
pub use events::{AuthEvent, AuthEventKind, AuthEvents, AuthOutcome};
pub use extract::proof::Proof;
pub use issuers::{Fetch, FetchError, FetchRequest, Fetched, Issuer, IssuerProblem, IssuerToken, Profile};
pub use layer::{AnonymousOnlyLayer, AnswerLayer, AnswerService, AuthLayer, AuthService};
pub use matrix::{AccessMatrix, AccessRow, DeclaredWhere};
#[cfg(feature = "openapi")]
#[cfg_attr(docsrs, doc(cfg(feature = "openapi")))]
pub use openapi::{ArgumentDocument, DocumentsArgument, openapi_json};
pub use rejection::{AuthRejection, Denial, Landing, ProblemDetails};
pub use router::{
    AuthRouter, Endpoint, Fallback, IntoFallback, IntoRoutes, KeyRoutes, Routes, ServiceAccess,
    SessionRoutes, Unguarded,
};
#[cfg(not(target_family = "wasm"))]
pub use session::SessionEnd;
pub use session::{DeviceKind, Remember, SessionMetadata};

/// ```
/// #[derive(countersign::Role, Clone, Copy, Debug, PartialEq, Eq)]
/// enum Role {
///     Member,
///     #[role(implies(Member))]
///     Admin,
///     #[role(private)]
///     Auditor,
/// }
///
/// assert_eq!(Role::Admin.as_str(), "admin");
/// assert_eq!("member".parse(), Ok(Role::Member));
/// assert!(countersign::RoleSet::grants(&Role::Admin, "member"));
/// assert_eq!(<Role as countersign::RoleSet>::PRIVATE, ["auditor"]);
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
///
/// ```compile_fail,E0080
/// # use countersign::{SessionClaims, public};
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: String }
/// #[public(reason = "health probe")]
/// async fn me(user: Option<User>) {}
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

/// ```
/// # use countersign::{SessionClaims, require_scope};
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: String, #[claims(scopes)] scopes: Vec<String> }
/// #[require_scope("posts:write", "posts:admin")]
/// async fn write(user: User) -> String {
///     user.id
/// }
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::require_scope;

/// ```
/// # use countersign::{SessionClaims, check, require, rule};
/// # #[derive(countersign::Role, Clone, Copy)]
/// # enum Role { Editor, Admin }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64, #[claims(roles)] roles: Vec<Role>, #[claims(scopes)] scopes: Vec<String> }
/// # rule! { CanPublish = role("editor"); }
/// # #[check] async fn owns_post(user: User) -> bool { user.id == 7 }
/// #[require(role("admin") || role(Role::Editor) && scope("posts:write"))]
/// async fn write(user: User) {}
///
/// #[require(CanPublish && check(owns_post) && fresh("10m") && deny_impersonated)]
/// async fn publish() {}
/// ```
///
/// ```compile_fail
/// # use countersign::require;
/// #[require(role("admin") && !role("admin"))] // never holds
/// async fn unreachable() {}
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::require;

/// ```
/// use axum::extract::{Path, State};
/// use countersign::{Auth, AuthState, SessionClaims, check, require};
///
/// # #[derive(Clone)]
/// # struct Db;
/// # impl Db { async fn owner_of(&self, _: u64) -> Result<Option<u64>, std::io::Error> { Ok(None) } }
/// #[derive(AuthState, Clone)]
/// struct AppState {
///     #[auth]
///     auth: Auth<User>,
///     db: Db,
/// }
/// # #[derive(SessionClaims, Clone)]
/// # struct User { #[claims(subject)] id: u64 }
///
/// #[check(not_found)]
/// async fn owns_post(
///     user: User,
///     Path(post): Path<u64>,
///     State(state): State<AppState>,
/// ) -> Result<bool, std::io::Error> {
///     Ok(state.db.owner_of(post).await? == Some(user.id))
/// }
///
/// #[require(check(owns_post))]
/// #[utoipa::path(put, path = "/posts/{post}")]
/// async fn edit(Path(post): Path<u64>) {}
/// # fn router(state: AppState) -> countersign::AuthRouter {
/// #     countersign::AuthRouter::new().routes(countersign::routes!(edit)).with_state(state)
/// # }
/// ```
#[cfg(feature = "macros")]
pub use countersign_macros::check;
#[cfg(feature = "scalar")]
#[cfg_attr(docsrs, doc(cfg(feature = "scalar")))]
pub use scalar::scalar;

// The names of the macros that a feature leaves out. rustc says of a function or a type that it is behind a feature, but of a macro only that it does not exist.
#[cfg(not(all(feature = "macros", any(test, feature = "test-util"))))]
macro_rules! absent {
    ($feature:literal: $($name:ident),*) => { absent!(@ ($) $feature: $($name),*); };
    (@ ($dollar:tt) $feature:literal: $($name:ident),*) => {$(
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $name {
            ($dollar($dollar anything:tt)*) => {
                $crate::__absent!($name $feature)
            };
        }
    )*};
}

#[cfg(not(any(test, feature = "test-util")))]
absent!("test-util": assert_access_matrix);
#[cfg(not(feature = "macros"))]
absent!("macros": fallback, routes, rule, typed_refresh_handler);

#[cfg(not(all(feature = "macros", any(test, feature = "test-util"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __absent {
    ($name:ident $feature:literal) => {
        ::core::compile_error! { ::core::concat!(
            "`", ::core::stringify!($name), "!` needs the feature `", $feature, "` of countersign\n\
help: add `", $feature, "` to the features of `countersign` in Cargo.toml"
        ) }
    };
}

// The README and the guide are compiled, and run, as documentation tests.
#[cfg(all(doctest, feature = "macros", feature = "scalar"))]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

#[cfg(all(doctest, feature = "macros", feature = "openapi", feature = "test-util"))]
mod guide {
    #[doc = include_str!("../../docs/guide/first-steps.md")]
    struct FirstSteps;

    #[doc = include_str!("../../docs/guide/claims-and-roles.md")]
    struct ClaimsAndRoles;

    #[doc = include_str!("../../docs/guide/routes-of-every-kind.md")]
    struct RoutesOfEveryKind;

    #[doc = include_str!("../../docs/guide/rules-checks-proofs.md")]
    struct RulesChecksProofs;

    #[doc = include_str!("../../docs/guide/sessions-and-stores.md")]
    struct SessionsAndStores;

    #[doc = include_str!("../../docs/guide/endings.md")]
    struct Endings;

    #[doc = include_str!("../../docs/guide/stores-in-production.md")]
    struct StoresInProduction;

    #[doc = include_str!("../../docs/guide/browsers.md")]
    struct Browsers;

    #[doc = include_str!("../../docs/guide/oauth-clients.md")]
    struct OAuthClients;

    #[doc = include_str!("../../docs/guide/issuers.md")]
    struct Issuers;

    #[doc = include_str!("../../docs/guide/the-document.md")]
    struct TheDocument;

    #[doc = include_str!("../../docs/guide/testing-your-routes.md")]
    struct TestingYourRoutes;

    #[doc = include_str!("../../docs/guide/keys.md")]
    struct Keys;

    #[cfg(feature = "postgres")]
    #[doc = include_str!("../../docs/guide/deployment.md")]
    struct Deployment;

    #[doc = include_str!("../../docs/guide/from-jsonwebtoken.md")]
    struct FromJsonwebtoken;

    #[doc = include_str!("../../docs/guide/from-axum-login.md")]
    struct FromAxumLogin;

    #[doc = include_str!("../../docs/guide/from-openapi-router.md")]
    struct FromOpenApiRouter;
}
