use countersign::require;

#[require(role("admin") | role("editor"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
