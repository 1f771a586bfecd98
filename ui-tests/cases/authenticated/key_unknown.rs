use countersign::authenticated;

#[authenticated(role = "admin")]
async fn me() -> &'static str {
    "you"
}

fn main() {}
