use countersign::require_scope;

#[require_scope(live)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
