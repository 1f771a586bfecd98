use countersign::{check, require};

#[check]
async fn owns_post() -> bool {
    true
}

#[require(check(owns_psot))]
async fn write() -> &'static str {
    "written"
}

fn main() {}

// cure: write `check(owns_post)`
