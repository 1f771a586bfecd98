use countersign::require_scope;

#[require_scope("posts:write", deny_impersonate)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
