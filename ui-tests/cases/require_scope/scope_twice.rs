use countersign::require_scope;

#[require_scope("posts:write", "posts:write")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
