use countersign::require;

#[require(!(role("guest") || fresh("10m")))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
