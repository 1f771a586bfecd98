use countersign::public;

#[public(reason)]
async fn health() -> &'static str {
    "well"
}

fn main() {}

// cure: say why it is open: `#[public(reason = "health probe")]`
