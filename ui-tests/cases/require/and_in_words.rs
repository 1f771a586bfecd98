use countersign::require;

#[require(role("admin") and scope("posts:write"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
