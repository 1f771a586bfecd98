use countersign::require;

#[require(role(5))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
