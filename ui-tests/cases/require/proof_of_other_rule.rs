use countersign::{Proof, require, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[require(role("editor") || CanPublish)]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
