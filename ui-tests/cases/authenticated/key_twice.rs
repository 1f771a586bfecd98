use countersign::authenticated;

#[authenticated(crate = countersign, crate = countersign)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
