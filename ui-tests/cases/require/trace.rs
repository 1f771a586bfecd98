use countersign::require;

#[require(role("admin"))]
#[utoipa::path(trace, path = "/posts")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
