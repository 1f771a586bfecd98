//! A module re-exports the dependency.

use crate::kit::auth_kit::{
    Auth, AuthRouter, AuthState, Role, SessionClaims, authenticated, check, public, require, require_role,
    require_scope, routes, rule, typed_refresh_handler,
};
use axum::Router;

#[derive(Role, Clone, Copy)]
#[role(crate = crate::kit::auth_kit)]
pub(crate) enum Level {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
#[claims(crate = crate::kit::auth_kit)]
pub(crate) struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

#[derive(AuthState, Clone)]
#[auth(crate = crate::kit::auth_kit)]
struct AppState {
    #[auth]
    auth: Auth<User>,
}

#[public(reason = "health probe", crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/health")]
async fn health() {}

#[authenticated(crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> String {
    user.scopes.join(" ")
}

#[require_role("member", crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/members")]
async fn members(user: User) -> String {
    user.id.to_string()
}

#[require_role(Level::Admin, crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/accounts")]
async fn accounts() {}

rule! {
    CanRead = role("member") && scope("profile");
}

#[check(crate = crate::kit::auth_kit)]
async fn is_seven(user: User) -> bool {
    user.id == 7
}

#[require(CanRead && check(is_seven) && deny_impersonated, crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/profile")]
async fn profile() {}

#[require_scope("accounts", crate = crate::kit::auth_kit)]
#[utoipa::path(get, path = "/scoped")]
async fn scoped() {}

typed_refresh_handler!(refresh, AppState, crate = crate::kit::auth_kit);

fn user(id: u64) -> User {
    User { id, roles: vec![Level::Member], scopes: vec!["profile".to_owned()] }
}

#[tokio::test]
async fn everything_works_through_a_reexport() {
    let auth = crate::auth(user);
    let (router, _): (Router, _) = AuthRouter::new()
        .routes(routes!(health, me, members, accounts, profile, scoped, refresh))
        .with_state(AppState { auth: auth.clone() })
        .split_for_parts();
    crate::keeps_its_promises(&router, &auth, &user(7)).await;
}
