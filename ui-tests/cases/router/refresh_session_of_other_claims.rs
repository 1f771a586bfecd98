use countersign::{Auth, AuthRouter, RefreshSession, SessionClaims, routes};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(SessionClaims, Clone)]
struct Admin {
    #[claims(subject)]
    id: u64,
}

#[utoipa::path(delete, path = "/account")]
async fn close(session: RefreshSession<Admin>) -> String {
    session.claims().id.to_string()
}

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(close)).with_state(auth)
}

fn main() {}
