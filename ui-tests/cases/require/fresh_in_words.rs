use countersign::require;

#[require(fresh("10 minutes"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
