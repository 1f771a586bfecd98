use countersign::require;

#[require(role("admin") || live || role("admin"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
