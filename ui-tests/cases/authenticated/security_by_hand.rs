use countersign::authenticated;

#[authenticated]
#[utoipa::path(get, path = "/me", security(("api_key" = [])))]
async fn me() -> &'static str {
    "you"
}

fn main() {}
