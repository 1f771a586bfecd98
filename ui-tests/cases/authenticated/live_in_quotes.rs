use countersign::authenticated;

#[authenticated("live")]
async fn me() -> &'static str {
    "you"
}

fn main() {}
