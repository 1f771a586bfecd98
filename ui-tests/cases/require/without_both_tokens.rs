use countersign::{RefreshSession, SessionClaims, require};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[require(both_tokens || scope("admin"))]
#[utoipa::path(delete, path = "/account")]
async fn close(_session: RefreshSession<User>) -> &'static str {
    "goodbye"
}

fn main() {}
