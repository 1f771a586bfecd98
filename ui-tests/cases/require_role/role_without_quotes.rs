use countersign::require_role;

#[require_role(admin)]
async fn members() -> &'static str {
    "all"
}

fn main() {}
