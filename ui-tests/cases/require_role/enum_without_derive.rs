use countersign::require_role;

enum Level {
    Member,
    Admin,
}

#[require_role(Level::Admin)]
#[utoipa::path(get, path = "/members")]
async fn members() -> &'static str {
    "all"
}

fn main() {}

// cure: add `#[derive(Role, Clone, Copy)]` to the enum
