use countersign::require_role;

#[require_role("admin", lvie)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
