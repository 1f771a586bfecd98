use countersign::public;

#[public(reason)]
async fn health() -> &'static str {
    "well"
}

fn main() {}
