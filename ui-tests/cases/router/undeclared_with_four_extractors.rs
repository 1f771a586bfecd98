use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use countersign::{Auth, AuthRouter, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(put, path = "/members/{id}")]
async fn rename(
    State(_auth): State<Auth<User>>,
    Path(_id): Path<u64>,
    _headers: HeaderMap,
    Json(name): Json<String>,
) -> String {
    name
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(rename)).with_state(auth)
}

fn main() {}
