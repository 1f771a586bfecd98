use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

fn router(auth: Auth<User>) -> AuthRouter {
    let layer = axum::middleware::from_fn(async |request: axum::extract::Request, next: axum::middleware::Next| {
        next.run(request).await
    });
    AuthRouter::new().routes(routes!(me)).guard(layer).with_state(auth)
}

fn main() {}
