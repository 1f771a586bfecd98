use countersign::require;

#[require(true)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
