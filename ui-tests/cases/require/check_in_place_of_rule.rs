use countersign::require;

countersign::rule! {
    CanPublish = role("editor");
}

#[require(check(CanPublish))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
