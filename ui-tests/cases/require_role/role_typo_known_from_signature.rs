use countersign::{Role, SessionClaims, require_role};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

#[require_role("admln")]
#[utoipa::path(get, path = "/members")]
async fn members(user: User) -> String {
    user.id.to_string()
}

fn main() {}
