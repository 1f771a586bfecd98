use countersign::{SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
async fn me(user: User) -> u64 {
    user.id
}

fn main() {}
