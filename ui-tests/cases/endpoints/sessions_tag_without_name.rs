use countersign::{Auth, SessionClaims, typed_sessions_handler};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

typed_sessions_handler!(devices, Auth<User>, "auth");

fn main() {}
