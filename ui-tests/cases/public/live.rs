use countersign::public;

#[public(live)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
