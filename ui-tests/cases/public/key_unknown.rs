use countersign::public;

#[public(reson = "health probe")]
async fn health() -> &'static str {
    "well"
}

fn main() {}
