use countersign::{require, rule};

rule! {
    IsGuest = !role("member");
}

#[require(IsGuest || role("member"))]
async fn write() {}

fn main() {}
