use countersign::authenticated;

#[authenticated(live, live)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
