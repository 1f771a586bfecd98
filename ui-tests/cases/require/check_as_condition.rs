use countersign::require;

#[require(owns_post(id))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
