use countersign::authenticated;

#[authenticated]
fn me() -> &'static str {
    "you"
}

fn main() {}
