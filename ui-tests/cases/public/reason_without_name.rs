use countersign::public;

#[public("health probe")]
async fn health() -> &'static str {
    "well"
}

fn main() {}
