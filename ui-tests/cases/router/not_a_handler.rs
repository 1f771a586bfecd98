use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(get, path = "/version")]
fn version() -> &'static str {
    "1.0"
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(version)).with_state(auth)
}

fn main() {}
