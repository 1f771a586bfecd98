use countersign::public;

#[public]
#[utoipa::path(get, path = "/health")]
async fn health() -> &'static str {
    "well"
}

fn main() {}
