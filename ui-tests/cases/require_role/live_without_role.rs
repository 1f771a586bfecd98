use countersign::require_role;

#[require_role(live)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
