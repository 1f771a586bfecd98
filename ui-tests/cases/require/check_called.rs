use countersign::require;

#[require(check(owns_post()))]
async fn write() -> &'static str {
    "written"
}

fn main() {}
