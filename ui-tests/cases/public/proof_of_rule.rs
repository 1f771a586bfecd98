use countersign::{Proof, public, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[public(reason = "probe")]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
