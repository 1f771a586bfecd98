use countersign::{Role, SessionClaims};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

fn main() {
    let user = User { id: 7, roles: vec![Level::Member] };
    assert!(user.has_role("admn"));
}
