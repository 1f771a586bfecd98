use countersign::{SessionClaims, typed_refresh_handler};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

typed_refresh_handler!(refresh, User);

fn main() {}
