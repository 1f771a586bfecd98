//! Every macro where lints are forbidden: an expansion that allows one of them does not compile here (E0453).
//!
//! serde's derives, which `SessionClaims` uses, allow `non_upper_case_globals`, `unused_attributes`, `unused_qualifications` and
//! `non_camel_case_types`, and `#[utoipa::path]` the last of these. They cannot be forbidden with serde and utoipa alone.

#![forbid(clippy::exhaustive_enums, clippy::missing_docs_in_private_items)]
#![forbid(clippy::wildcard_imports, clippy::used_underscore_binding, clippy::enum_variant_names)]
#![forbid(dead_code, deprecated, missing_docs, non_snake_case, private_bounds, private_interfaces)]
#![forbid(single_use_lifetimes, trivial_casts, unnameable_types, unreachable_code, unreachable_pub)]
#![forbid(unused_assignments, unused_imports, unused_lifetimes, unused_macros, unused_must_use, unused_mut)]
#![forbid(unsafe_code, unused_parens, unused_results, unused_variables)]

use axum::extract::{Path, State};
use countersign::{
    Auth, AuthRouter, AuthState, Proof, Role, SessionClaims, authenticated, check, public, require,
    require_role, require_scope, routes, rule, typed_refresh_handler,
};

/// The levels of access.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// May read.
    Reader,
    /// May write a little.
    #[deprecated]
    Corrector,
    /// May write.
    #[role(implies(Reader), rename = "chief-editor")]
    Editor,
}

/// A user.
#[derive(SessionClaims, Clone, Debug)]
#[non_exhaustive]
pub struct Reader {
    /// The identifier.
    #[claims(subject)]
    pub id: u64,
    /// The levels.
    #[claims(roles)]
    pub levels: Vec<Level>,
    /// What clients may do.
    #[claims(scopes)]
    pub scopes: Vec<String>,
}

/// The state.
#[derive(AuthState, Clone, Debug)]
#[non_exhaustive]
pub struct Library {
    /// The handle.
    #[auth]
    pub auth: Auth<Reader>,
}

rule! {
    /// Who may write.
    pub CanWrite = role("chief-editor") && scope("books:write");

    CanRead = role(Level::Reader) || check(owns);
}

/// Books belong to those who wrote them.
#[check(not_found)]
pub async fn owns(reader: Reader, Path(id): Path<u64>, State(_library): State<Library>) -> bool {
    reader.id == id
}

#[check]
async fn is_open() -> Result<bool, std::io::Error> {
    Ok(true)
}

/// Nothing of a user.
#[public(reason = "health probe")]
#[utoipa::path(get, path = "/forbidden/health")]
pub async fn health() {}

/// The reader.
#[authenticated(live)]
#[utoipa::path(get, path = "/forbidden/me")]
pub async fn me(reader: Reader) -> String {
    reader.id.to_string()
}

/// Without a document.
#[require_role("reader", Level::Editor)]
pub async fn undocumented(reader: Reader) -> String {
    reader.id.to_string()
}

/// Every scope.
#[require_scope("books:read")]
#[utoipa::path(get, path = "/forbidden/scopes")]
async fn scopes() {}

/// A rule of everything.
#[require(CanWrite && (check(owns) || check(is_open)) && fresh("10m") && deny_impersonated)]
#[utoipa::path(put, path = "/forbidden/books/{id}")]
async fn write(proof: Proof<CanWrite>, Path(id): Path<u64>) -> String {
    drop(proof);
    id.to_string()
}

/// A rule with a check.
#[require(CanRead && live)]
#[utoipa::path(get, path = "/forbidden/books/{id}")]
async fn read(Path(id): Path<u64>) -> String {
    id.to_string()
}

typed_refresh_handler!(
    /// A new access token
    pub refresh, Library
);

/// The routes.
pub fn router() -> AuthRouter<Library> {
    AuthRouter::new()
        .routes(routes!(health, me, scopes, write, read, refresh))
        .routes(routes!(GET "/forbidden/undocumented" => undocumented))
}
