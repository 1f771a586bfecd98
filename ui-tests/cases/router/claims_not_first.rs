use axum::extract::State;
use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(get, path = "/me")]
async fn me(State(_auth): State<Auth<User>>, user: User) -> String {
    user.id.to_string()
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}
