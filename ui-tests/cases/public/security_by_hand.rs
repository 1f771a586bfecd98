use countersign::public;

#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health", security(()))]
async fn health() -> &'static str {
    "well"
}

fn main() {}
