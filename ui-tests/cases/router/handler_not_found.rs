use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> String {
    user.id.to_string()
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(mee)).with_state(auth)
}

fn main() {}

// cure: write the name of the handler: `routes!(me)`
