use countersign::require;

countersign::rule! {
    CanPublish = role("editor");
}

#[require(CanPublsh)]
async fn write() -> &'static str {
    "written"
}

fn main() {}

// cure: write `CanPublish`
