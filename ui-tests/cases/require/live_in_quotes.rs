use countersign::require;

#[require(role("live"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
