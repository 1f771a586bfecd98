use countersign::{authenticated, check};

#[check]
#[authenticated]
async fn owns_post() -> bool {
    true
}

fn main() {}
