use countersign::authenticated;

#[utoipa::path(get, path = "/me")]
#[authenticated(live)]
async fn me() -> &'static str {
    "you"
}

fn main() {}

// cure: move `#[authenticated(live)]` above `#[utoipa::path]`
