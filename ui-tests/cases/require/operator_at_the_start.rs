use countersign::require;

#[require(|| role("admin"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
