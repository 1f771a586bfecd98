use countersign::public;

#[utoipa::path(get, path = "/health")]
#[public(reason = "health probe")]
async fn health() -> &'static str {
    "well"
}

fn main() {}

// cure: move `#[public(reason = "...")]` above `#[utoipa::path]`
