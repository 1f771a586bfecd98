use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(get, path = "/members")]
async fn members() -> &'static str {
    "all"
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(members)).with_state(auth)
}

fn main() {}
