use countersign::authenticated;

#[authenticated(crate)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
