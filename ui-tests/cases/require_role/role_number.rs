use countersign::require_role;

#[require_role(1)]
async fn members() -> &'static str {
    "all"
}

fn main() {}
