use countersign::authenticated;

#[authenticated(crate)]
async fn me() -> &'static str {
    "you"
}

fn main() {}

// cure: name the path under which this crate is known: `crate = path::to::countersign`
