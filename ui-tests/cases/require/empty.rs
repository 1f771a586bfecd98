use countersign::require;

#[require]
async fn write() -> &'static str {
    "written"
}

fn main() {}
