use countersign::require_scope;

#[require_scope("posts:write", , "posts:admin")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
