use countersign::{Reauthentication, SessionClaims, authenticated};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[authenticated(live)]
async fn confirm(_caller: Reauthentication<User>) {}

fn main() {}
