use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!()).with_state(auth)
}

fn main() {}
