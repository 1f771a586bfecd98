use countersign::require_scope;

#[require_scope(write)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
