use countersign::require;

#[require(role("admin editor"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
