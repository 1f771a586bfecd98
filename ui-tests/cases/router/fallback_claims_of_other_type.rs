use countersign::{Auth, AuthRouter, SessionClaims, authenticated, fallback};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(SessionClaims, Clone)]
struct Admin {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
async fn not_found(_admin: Admin) {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().fallback(fallback!(not_found)).with_state(auth)
}

fn main() {}
