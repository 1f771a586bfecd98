use countersign::{SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    id: u64,
    email: String,
}

#[authenticated]
async fn me(user: User) -> String {
    user.email
}

fn main() {}
