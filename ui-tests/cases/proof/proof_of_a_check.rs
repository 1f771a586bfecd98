use countersign::{Auth, AuthRouter, Proof, SessionClaims, check, require, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[check]
async fn owns_post(user: User) -> bool {
    user.id == 7
}

#[require(check(owns_post))]
#[utoipa::path(post, path = "/posts")]
async fn publish(_proof: Proof<owns_post>) {}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(publish)).with_state(auth).split_for_parts().0
}

fn main() {}
