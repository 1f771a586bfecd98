use countersign::require_scope;

#[require_scope("posts:write")]
#[require_scope("posts:admin")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
