use countersign::{Role, SessionClaims, require};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

#[require(role("admin") && role("member"))]
async fn write(user: User) -> String {
    user.id.to_string()
}

fn main() {}
