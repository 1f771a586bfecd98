use countersign::{SessionClaims, require_role};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[require_role("admin")]
#[utoipa::path(get, path = "/members")]
async fn members(user: User) -> String {
    user.id.to_string()
}

fn main() {}
