use countersign::require_role;

#[require_role("admin", "live")]
async fn report() -> &'static str {
    "all is well"
}

fn main() {}
