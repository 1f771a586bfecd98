use countersign::{require, require_role};

#[require(scope("posts:write"))]
#[require_role("admin")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
