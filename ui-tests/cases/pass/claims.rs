//! Roles, claims and a state, with as many attributes of others as fit.

use std::collections::BTreeSet;

use countersign::{Auth, AuthState, Role, SessionClaims, typed_refresh_handler};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user may do here.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(all(), non_exhaustive)]
pub enum Level {
    /// Reads.
    Member,
    /// A name that is a keyword in `snake_case`.
    #[cfg_attr(all(), role(implies(Member)))]
    Type,
    /// Writes.
    #[role(rename = "ops:on-call", implies(Type))]
    r#OnCall,
    /// Used to write.
    #[deprecated = "use `OnCall`"]
    Operator,
}

/// A signed-in user.
#[derive(SessionClaims, Serialize, Deserialize, ToSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Who it is.
    #[claims(subject)]
    pub id: u64,
    /// What they are.
    #[claims(roles)]
    pub roles: BTreeSet<Level>,
    /// What they allowed their client.
    #[cfg_attr(all(), claims(scopes))]
    pub scopes: Vec<String>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A raw name.
    pub r#type: String,
}

/// Claims that only one module knows.
#[derive(SessionClaims, Clone, Debug)]
pub(crate) struct Service {
    /// The name of the service.
    #[claims(subject)]
    pub(crate) name: String,
    /// What it is, as names that nobody listed.
    #[claims(roles)]
    pub(crate) roles: Vec<String>,
}

/// The application's state.
#[derive(AuthState, Clone, Debug)]
#[non_exhaustive]
pub struct AppState {
    /// Verifies.
    #[auth]
    pub auth: Auth<User>,
    /// Says hello.
    pub greeting: String,
}

/// A state in parentheses, and generic.
#[derive(AuthState, Clone, Debug)]
pub(crate) struct Pair<T: Send + Sync>(#[auth] pub(crate) Auth<Service>, pub(crate) T);

typed_refresh_handler!(
    /// The next pair of tokens
    ///
    /// In exchange for the last one.
    pub refresh,
    AppState,
    path = "/auth/refresh",
    tag = "auth"
);

typed_refresh_handler!(pub(crate) renew, Pair<u8>);

typed_refresh_handler!(pub r#final, AppState, path = "/auth/final");
