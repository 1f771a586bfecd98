use countersign::{Auth, AuthRouter, Proof, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(post, path = "/posts")]
async fn publish(_proof: Proof<User>) {}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(publish)).with_state(auth).split_for_parts().0
}

fn main() {}
