use countersign::require;

#[require(role("admin"), crat = countersign)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
