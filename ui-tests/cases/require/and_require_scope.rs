use countersign::{require_role, require_scope};

#[require_role("admin")]
#[require_scope("posts:write")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
