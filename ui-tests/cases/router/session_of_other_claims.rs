use axum::Json;
use countersign::{Auth, AuthRouter, Session, SessionClaims, authenticated, routes};

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
#[utoipa::path(get, path = "/me")]
async fn me(session: Session<Admin>) -> Json<u64> {
    Json(session.claims().id)
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}
