use countersign::require;

#[require(scope(write))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
