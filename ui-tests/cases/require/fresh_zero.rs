use countersign::require;

#[require(fresh("0s"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
