use countersign::require_role;

#[require_role("admin", both_tokens, "support", both_tokens)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
