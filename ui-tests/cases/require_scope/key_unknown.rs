use countersign::require_scope;

#[require_scope(scope = "posts:write")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
