use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().method_not_allowed_fallback(routes!(me)).with_state(auth)
}

fn main() {}
