use countersign::require_role;

#[require_role("admin", crate = countersign, crate = countersign)]
async fn members() -> &'static str {
    "all"
}

fn main() {}
