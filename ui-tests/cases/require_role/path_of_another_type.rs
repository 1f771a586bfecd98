use countersign::{SessionClaims, require_role};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

const ADMIN: &str = "admin";

#[require_role(ADMIN)]
async fn users(_user: User) {}

fn main() {}
