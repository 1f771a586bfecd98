use countersign::{Reauthentication, SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated]
async fn confirm(_caller: Reauthentication<User>) {}

fn main() {}
