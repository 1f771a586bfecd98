use countersign::{Auth, AuthRouter, SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

#[authenticated]
async fn not_found() {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().fallback(not_found).with_state(auth)
}

fn main() {}
