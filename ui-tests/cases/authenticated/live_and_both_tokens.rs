use countersign::authenticated;

#[authenticated(live, both_tokens)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
