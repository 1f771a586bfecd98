use countersign::require;

#[require(role("admin") or role("editor"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
