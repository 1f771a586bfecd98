use countersign::authenticated;

#[authenticated(life)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
