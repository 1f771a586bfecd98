use axum::extract::State;
use countersign::require_role;

#[require_role("admin")]
#[utoipa::path(get, path = "/members")]
async fn members<Db: Clone>(State(_db): State<Db>) -> &'static str {
    "all"
}

fn main() {}
