use countersign::{SessionClaims, public};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[public(reason = "health probe")]
async fn health(user: User) -> String {
    user.id.to_string()
}

fn main() {}
