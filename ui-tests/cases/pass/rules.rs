//! Named rules, rules with every condition, and checks.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use countersign::{
    AuthRouter, RefreshSession, Session, check, require, require_role, require_scope, routes, rule,
};

use crate::claims::{AppState, Level, User};
use checks::{is_open, owns_item};

/// Checks that decide with the data of the application.
pub(crate) mod checks {
    use super::{AppState, HeaderMap, Path, Query, Session, State, User, check};

    /// An item belongs to the user whose id it carries.
    #[check]
    pub(crate) async fn owns_item(user: User, Path(id): Path<u64>, State(state): State<AppState>) -> bool {
        user.id == id && !state.greeting.is_empty()
    }

    /// May fail, and hides a refusal behind 404.
    #[check(not_found)]
    pub(crate) async fn is_open(
        mut session: Session<User>,
        _: HeaderMap,
        Query(query): Query<Vec<(String, String)>>,
    ) -> Result<bool, std::io::Error> {
        session = session.clone();
        if query.is_empty() { Err(std::io::Error::other("no query")) } else { Ok(session.claims().id == 7) }
    }

    /// A check with a raw name and without arguments.
    #[check]
    pub(crate) async fn r#final() -> bool {
        true
    }
}

rule! {
    /// Grants writing.
    pub CanWrite = role(Level::OnCall) && scope("items:write") || role("type");

    /// Grants writing after a recent sign-in.
    pub(crate) CanPublish = CanWrite && fresh("10m") && check(owns_item);

    Whoever = live || deny_impersonated;
}

/// One named rule
#[require(CanWrite)]
#[utoipa::path(get, path = "/rules/name")]
pub async fn named() {}

/// Every condition
#[require(
    (CanPublish || role(Level::Member) && !(scope("items:read") || role("type")))
        && fresh("1h")
        && both_tokens
        && deny_impersonated
        && (issuer("own") || !issuer("acme") && machine)
        && check(is_open)
        && check(checks::r#final)
        && Whoever
)]
#[utoipa::path(put, path = "/rules/every/{id}", params(("id" = u64, Path)))]
pub async fn every(Path(id): Path<u64>, session: RefreshSession<User>) -> String {
    format!("{id} {}", session.claims().id)
}

/// Scopes with flags
#[require_scope("items:write", "items:admin", live, deny_impersonated)]
#[utoipa::path(get, path = "/rules/scopes")]
pub(crate) async fn scoped(user: User) -> String {
    user.id.to_string()
}

/// Refuses impersonated sessions, and users
#[require_role("type", deny_impersonated, machine)]
#[utoipa::path(get, path = "/rules/roles")]
pub(crate) async fn alone() {}

/// Every handler.
pub fn router() -> AuthRouter<AppState> {
    AuthRouter::new().routes(routes!(named, every, scoped, alone))
}
