use countersign::{Auth, AuthRouter, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(auth.routes().path("refresh", "/renew"))
}

fn main() {}

// cure: name the endpoint by its variant, `Endpoint::Refresh`
