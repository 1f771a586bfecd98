use countersign::{authenticated, require_role};

#[require_role("admin")]
#[utoipa::path(get, path = "/members")]
#[authenticated]
async fn members() -> &'static str {
    "all"
}

fn main() {}
