use axum::extract::State;
use countersign::{Auth, AuthRouter, AuthState, SessionClaims, check, require, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(Clone)]
struct Db;

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    db: Db,
}

#[check]
async fn owns_post(user: User, State(_db): State<Db>) -> bool {
    user.id == 7
}

#[require(check(owns_post))]
#[utoipa::path(post, path = "/posts")]
async fn write() {}

fn router(state: AppState) -> axum::Router {
    AuthRouter::new().routes(routes!(write)).with_state(state).split_for_parts().0
}

fn main() {}
