use countersign::{authenticated, require_role};

#[require_role("admin")]
#[authenticated]
#[utoipa::path(get, path = "/members")]
async fn members() -> &'static str {
    "all"
}

fn main() {}
