use countersign::require_role;

#[require_role("admin")]
#[utoipa::path(get, path = "/members")]
fn members() -> &'static str {
    "all"
}

fn main() {}
