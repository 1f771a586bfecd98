use std::rc::Rc;

use countersign::{Auth, AuthRouter, SessionClaims, authenticated, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

async fn load() {}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> String {
    let id = Rc::new(user.id);
    load().await;
    id.to_string()
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(me)).with_state(auth)
}

fn main() {}

// cure: drop the value before the `.await`, or use one that is `Send`, such as `Arc` for `Rc`
