use countersign::require_role;

#[require_role("admin, support")]
async fn members() -> &'static str {
    "all"
}

fn main() {}
