use countersign::require_scope;

#[require_scope("posts:write", "live")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
