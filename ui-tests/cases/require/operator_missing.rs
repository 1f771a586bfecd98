use countersign::require;

#[require(role("admin") scope("posts:write"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
