use countersign::{Auth, AuthRouter, SessionClaims, require_role, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[require_role("admin")]
#[utoipa::path(get, path = "/members")]
async fn members() -> &'static str {
    "all"
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(members)).with_state(auth)
}

fn main() {}
