use countersign::authenticated;

#[authenticated("admin")]
async fn me() -> &'static str {
    "you"
}

fn main() {}
