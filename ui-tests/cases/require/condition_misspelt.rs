use countersign::require;

#[require(roles("admin"))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
