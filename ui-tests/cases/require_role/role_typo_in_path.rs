use countersign::{Role, require_role};

#[derive(Role, Clone, Copy)]
enum Level {
    Member,
    Admin,
}

#[require_role(Level::Admln)]
#[utoipa::path(get, path = "/members")]
async fn members() -> &'static str {
    "all"
}

fn main() {}

// cure: write `Level::Admin`
