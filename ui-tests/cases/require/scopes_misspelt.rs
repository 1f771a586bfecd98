use countersign::require;

#[require(scopes("posts:write"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
