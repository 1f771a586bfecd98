use countersign::{Role, SessionClaims, require_role};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[derive(Role, Clone, Copy)]
enum Staff {
    Support,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Level>,
}

#[require_role(Staff::Support)]
#[utoipa::path(get, path = "/members")]
async fn members(user: User) -> String {
    user.id.to_string()
}

fn main() {}

// cure: name a role of the enum that the claims carry: `member` or `admin`
