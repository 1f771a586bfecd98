use countersign::require;

#[require(!fresh("10m"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
