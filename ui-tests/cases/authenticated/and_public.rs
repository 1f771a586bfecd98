use countersign::{authenticated, public};

#[authenticated]
#[public(reason = "health probe")]
async fn health() -> &'static str {
    "well"
}

fn main() {}
