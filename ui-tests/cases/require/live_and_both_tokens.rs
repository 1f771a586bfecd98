use countersign::require;

#[require(live && both_tokens)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
