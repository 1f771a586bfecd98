use countersign::authenticated;

#[authenticated(live = true)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
