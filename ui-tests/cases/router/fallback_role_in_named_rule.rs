use countersign::{Auth, AuthRouter, Role, SessionClaims, fallback, require, rule};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

rule! {
    Inside = role("editor") || live;
}

#[require(Inside)]
async fn not_found() {}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().fallback(fallback!(not_found)).with_state(auth)
}

fn main() {}
