use countersign::{RefreshSession, SessionClaims, public};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[public(reason = "health probe")]
async fn health(_session: RefreshSession<User>) -> &'static str {
    "ok"
}

fn main() {}
