use countersign::{Role, Session, SessionClaims, require_role};

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

#[require_role("admin", "memebr")]
#[utoipa::path(get, path = "/members")]
async fn members(_session: Session<User>) -> &'static str {
    "all"
}

fn main() {}
