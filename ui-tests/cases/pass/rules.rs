//! Rules with every condition, names for them, and checks.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use countersign::{
    AuthRouter, RefreshSession, Session, check, require, require_role, require_scope, routes, rule,
};

use crate::claims::{AppState, Level, User};
use checks::{is_open, owns_item};

/// What decides with the application's own data.
pub(crate) mod checks {
    use super::{AppState, HeaderMap, Path, Query, Session, State, User, check};

    /// Items of an even number belong to everybody.
    #[check]
    pub(crate) async fn owns_item(user: User, Path(id): Path<u64>, State(state): State<AppState>) -> bool {
        user.id == id && !state.greeting.is_empty()
    }

    /// A failure, and a refusal that hides.
    #[check(not_found)]
    pub(crate) async fn is_open(
        mut session: Session<User>,
        _: HeaderMap,
        Query(query): Query<Vec<(String, String)>>,
    ) -> Result<bool, std::io::Error> {
        session = session.clone();
        if query.is_empty() { Err(std::io::Error::other("no query")) } else { Ok(session.claims().id == 7) }
    }

    /// A raw name, without arguments.
    #[check]
    pub(crate) async fn r#final() -> bool {
        true
    }
}

rule! {
    /// Who may write.
    pub CanWrite = role(Level::OnCall) && scope("items:write") || role("type");

    /// Who may write now.
    pub(crate) CanPublish = CanWrite && fresh("10m") && check(owns_item);

    Whoever = live || deny_impersonated;
}

/// A name alone
#[require(CanWrite)]
#[utoipa::path(get, path = "/rules/name")]
pub async fn named() {}

/// Every condition
#[require(
    (CanPublish || role(Level::Member) && !(scope("items:read") || role("type")))
        && fresh("1h")
        && both_tokens
        && deny_impersonated
        && check(is_open)
        && check(checks::r#final)
        && Whoever
)]
#[utoipa::path(put, path = "/rules/every/{id}", params(("id" = u64, Path)))]
pub async fn every(Path(id): Path<u64>, session: RefreshSession<User>) -> String {
    format!("{id} {}", session.claims().id)
}

/// Scopes
#[require_scope("items:write", "items:admin", live, deny_impersonated)]
#[utoipa::path(get, path = "/rules/scopes")]
pub(crate) async fn scoped(user: User) -> String {
    user.id.to_string()
}

/// Nobody in between
#[require_role("type", deny_impersonated)]
#[utoipa::path(get, path = "/rules/roles")]
pub(crate) async fn alone() {}

/// Every handler.
pub fn router() -> AuthRouter<AppState> {
    AuthRouter::new().routes(routes!(named, every, scoped, alone))
}
