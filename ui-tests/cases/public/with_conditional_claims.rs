use countersign::{SessionClaims, public};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[public(reason = "health probe")]
async fn health(#[cfg(not(test))] _user: User, #[cfg(test)] _user: Missing) -> &'static str {
    "up"
}

fn main() {}
