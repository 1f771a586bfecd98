use countersign::public;

#[public(reason = "download", both_tokens)]
async fn me() -> &'static str {
    "you"
}

fn main() {}
