use axum::routing::get;
use countersign::{Auth, AuthRouter, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn router(auth: &Auth<User>) -> AuthRouter {
    AuthRouter::new().route_service("/metrics", get(async || "up 1"), auth.layer())
}

fn main() {}
