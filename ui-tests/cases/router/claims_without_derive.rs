use axum::Json;
use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

struct Profile {
    id: u64,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(profile: Profile) -> Json<u64> {
    Json(profile.id)
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: add `#[derive(SessionClaims)]` to the struct, and `#[claims(subject)]` to the field that identifies the user
