use countersign::require;

#[require("admin")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
