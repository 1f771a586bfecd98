use countersign::authenticated;

#[authenticated]
#[authenticated]
async fn me() -> &'static str {
    "you"
}

fn main() {}
