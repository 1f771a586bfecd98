use countersign::{Auth, AuthRouter, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

fn router(auth: &Auth<User>) -> AuthRouter {
    AuthRouter::new().openapi_json("/openapi.json", auth)
}

fn main() {}
