use countersign::public;

const REASON: &str = "health probe";

#[public(reason = REASON)]
async fn health() -> &'static str {
    "well"
}

fn main() {}
