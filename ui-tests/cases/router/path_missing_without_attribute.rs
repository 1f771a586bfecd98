use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

async fn me(user: User) -> String {
    user.id.to_string()
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: put `#[utoipa::path(get, path = "/...")]` above the handler
