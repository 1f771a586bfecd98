use countersign::{Reauthentication, SessionClaims, public};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[public(reason = "confirms a password")]
async fn confirm(_caller: Reauthentication<User>) {}

fn main() {}
