use countersign::{Auth, AuthRouter, Role, SessionClaims, fallback, require_role};

#[derive(Role, Clone, Copy)]
enum Role {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
}

#[require_role("admln")]
async fn not_found() {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().fallback(fallback!(not_found)).with_state(auth)
}

fn main() {}
