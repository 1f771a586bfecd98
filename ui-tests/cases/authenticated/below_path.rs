use countersign::authenticated;

#[utoipa::path(get, path = "/me")]
#[authenticated]
async fn me() -> &'static str {
    "you"
}

fn main() {}

// cure: move `#[authenticated]` above `#[utoipa::path]`
