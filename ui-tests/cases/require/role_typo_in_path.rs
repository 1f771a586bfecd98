use countersign::{Role, SessionClaims, require};

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

#[require(role(Level::Admln))]
async fn write(_user: User) {}

fn main() {}

// cure: write `role(Level::Admin)`
