use countersign::public;

#[public(reason = "health probe")]
pub fn health() -> &'static str {
    "well"
}

fn main() {}
