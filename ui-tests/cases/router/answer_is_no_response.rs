use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> User {
    user
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: answer with something that axum can send, such as `Json<User>` where `User` is `Serialize`
