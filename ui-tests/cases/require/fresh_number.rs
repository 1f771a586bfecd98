use countersign::require;

#[require(fresh(10))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
