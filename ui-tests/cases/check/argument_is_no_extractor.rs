use countersign::{Auth, AuthRouter, SessionClaims, check, require, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[check]
async fn owns_post(post: u64) -> bool {
    post == 7
}

#[require(check(owns_post))]
#[utoipa::path(post, path = "/posts")]
async fn write() {}

fn router(auth: Auth<User>) -> axum::Router {
    AuthRouter::new().routes(routes!(write)).with_state(auth).split_for_parts().0
}

fn main() {}
