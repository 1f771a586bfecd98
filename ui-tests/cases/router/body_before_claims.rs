use axum::Json;
use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
#[utoipa::path(post, path = "/me")]
async fn me(Json(name): Json<String>, _user: User) -> String {
    name
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: take the claims before the body: only the last argument may read the body
