use countersign::{Auth, AuthRouter, Role, SessionClaims, require_role, routes};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[derive(Role, Clone, Copy)]
enum Staff {
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

#[require_role(Staff::Admin)]
#[utoipa::path(get, path = "/users")]
async fn users() {}

fn main() {
    let _: AuthRouter<Auth<User>> = AuthRouter::new().routes(routes!(users));
}
