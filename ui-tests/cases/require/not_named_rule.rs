use countersign::require;

#[require(!CanPublish)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
