use countersign::require;

#[require(role("admin") && life)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
