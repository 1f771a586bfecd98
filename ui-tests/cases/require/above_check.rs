use countersign::{check, require};

#[require(role("admin"))]
#[check]
async fn owns_post() -> bool {
    true
}

fn main() {}
