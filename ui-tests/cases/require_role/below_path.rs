use countersign::require_role;

#[utoipa::path(get, path = "/members")]
#[require_role("admin")]
async fn members() -> &'static str {
    "all"
}

fn main() {}

// cure: move `#[require_role("...")]` above `#[utoipa::path]`
