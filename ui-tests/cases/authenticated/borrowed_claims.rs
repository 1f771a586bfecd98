use countersign::{SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
async fn me(user: &User) -> String {
    user.id.to_string()
}

fn main() {}
