use countersign::require;

#[require(role(""))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
