use countersign::require_role;

#[require_role("admin", both_tokens("X-Refresh-Token"))]
async fn me() -> &'static str {
    "you"
}

fn main() {}
