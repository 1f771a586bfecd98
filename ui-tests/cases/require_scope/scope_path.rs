use countersign::require_scope;

#[require_scope(Scope::Write)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
