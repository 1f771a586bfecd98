use countersign::require;

async fn owns_post() -> bool {
    true
}

#[require(check(owns_post))]
async fn write() -> &'static str {
    "written"
}

fn main() {}

// cure: put `#[check]` above the function `owns_post`: it makes the type that `check(owns_post)` names
