use axum::Json;
use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(post, path = "/members")]
async fn invite(Json(email): Json<String>) -> String {
    email
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(invite)).with_state(auth)
}

fn main() {}
