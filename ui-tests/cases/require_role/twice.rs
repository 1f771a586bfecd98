use countersign::require_role;

#[require_role("admin")]
#[require_role("support")]
async fn members() -> &'static str {
    "all"
}

fn main() {}
