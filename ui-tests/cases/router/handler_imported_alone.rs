use countersign::{Auth, AuthRouter, SessionClaims, routes};

mod api {
    use countersign::authenticated;

    #[authenticated]
    #[utoipa::path(get, path = "/me")]
    pub async fn me(user: super::User) -> String {
        user.id.to_string()
    }
}

use api::me;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: name the handler by its path, `routes!(api::me)`, instead of importing it
