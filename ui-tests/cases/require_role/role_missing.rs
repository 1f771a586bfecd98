use countersign::require_role;

#[require_role]
async fn members() -> &'static str {
    "all"
}

fn main() {}
