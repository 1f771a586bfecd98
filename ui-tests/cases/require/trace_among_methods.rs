use countersign::require;

#[require(role("admin"))]
#[utoipa::path(method(get, trace), path = "/posts")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
