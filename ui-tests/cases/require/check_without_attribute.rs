use countersign::require;

async fn owns_post() -> bool {
    true
}

#[require(check(owns_post))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
