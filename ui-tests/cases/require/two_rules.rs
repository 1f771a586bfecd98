use countersign::require;

#[require(role("admin"))]
#[require(scope("posts:write"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
