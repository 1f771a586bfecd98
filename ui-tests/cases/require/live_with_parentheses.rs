use countersign::require;

#[require(live())]
async fn write() -> &'static str {
    "written"
}

fn main() {}
