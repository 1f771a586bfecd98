use countersign::authenticated;

#[authenticated(both_token)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
