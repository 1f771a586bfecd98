use countersign::require;

#[require(owns_post)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
