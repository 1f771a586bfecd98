//! Roles, claims and a state, together with the attributes of other crates.

use std::collections::BTreeSet;

use countersign::{Auth, AuthState, Role, SessionClaims, typed_refresh_handler};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The roles of a user.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(all(), non_exhaustive)]
pub enum Level {
    /// May read.
    Member,
    /// A name that is a keyword in `snake_case`.
    #[cfg_attr(all(), role(implies(Member)))]
    Type,
    /// May write.
    #[role(rename = "ops:on-call", implies(Type))]
    r#OnCall,
    /// The former name of `OnCall`.
    #[deprecated = "use `OnCall`"]
    Operator,
}

/// A signed-in user.
#[derive(SessionClaims, Serialize, Deserialize, ToSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The identifier.
    #[claims(subject)]
    pub id: u64,
    /// The roles.
    #[claims(roles)]
    pub roles: BTreeSet<Level>,
    /// The scopes that the user granted to the client.
    #[cfg_attr(all(), claims(scopes))]
    pub scopes: Vec<String>,
    /// The name that others see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A field with a raw name.
    pub r#type: String,
}

/// Claims that are private to the crate.
#[derive(SessionClaims, Clone, Debug)]
pub(crate) struct Service {
    /// The name of the service.
    #[claims(subject)]
    pub(crate) name: String,
    /// Roles as plain strings, without an enum.
    #[claims(roles)]
    pub(crate) roles: Vec<String>,
}

/// The application's state.
#[derive(AuthState, Clone, Debug)]
#[non_exhaustive]
pub struct AppState {
    /// Verifies tokens.
    #[auth]
    pub auth: Auth<User>,
    /// The first words of every answer.
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
