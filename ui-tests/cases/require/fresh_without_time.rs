use countersign::require;

#[require(fresh)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
