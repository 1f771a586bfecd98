use countersign::{RefreshSession, Role, SessionClaims, require_role};

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

#[require_role("admln", both_tokens)]
#[utoipa::path(delete, path = "/account")]
async fn close(_session: RefreshSession<User>) -> &'static str {
    "goodbye"
}

fn main() {}
