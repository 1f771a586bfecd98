use countersign::require;

#[utoipa::path(post, path = "/posts")]
#[require(role("admin") && live)]
async fn write() -> &'static str {
    "written"
}

fn main() {}

// cure: move `#[require(...)]` above `#[utoipa::path]`
