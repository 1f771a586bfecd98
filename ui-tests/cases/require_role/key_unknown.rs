use countersign::require_role;

#[require_role(role = "admin")]
async fn members() -> &'static str {
    "all"
}

fn main() {}
