use countersign::require;

#[require(not role("guest"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
