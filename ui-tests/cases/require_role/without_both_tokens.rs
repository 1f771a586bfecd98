use countersign::{RefreshSession, SessionClaims, require_role};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

#[require_role("admin", live)]
#[utoipa::path(delete, path = "/account")]
async fn close(_session: RefreshSession<User>) -> &'static str {
    "goodbye"
}

fn main() {}
