use axum::extract::State;
use countersign::{Auth, AuthRouter, AuthState, Role, SessionClaims, require_role, routes};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    greeting: String,
}

#[require_role("admln")]
#[utoipa::path(get, path = "/members")]
async fn members(State(state): State<AppState>) -> String {
    state.greeting
}

fn router(state: AppState) -> axum::Router {
    let (router, _api) =
        AuthRouter::new().routes(routes!(members)).with_state(state).split_for_parts();
    router
}

fn main() {}
