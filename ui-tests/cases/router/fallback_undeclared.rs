use axum::http::{StatusCode, Uri};
use countersign::{Auth, AuthRouter, SessionClaims, fallback};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

async fn not_found(uri: Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, uri.to_string())
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().fallback(fallback!(not_found)).with_state(auth)
}

fn main() {}
