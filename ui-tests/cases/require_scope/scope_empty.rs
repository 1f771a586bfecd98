use countersign::require_scope;

#[require_scope("")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
