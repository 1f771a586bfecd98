use countersign::require_role;

#[require_role("admin", both_tokens, live)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
