use countersign::{Proof, authenticated, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[authenticated(live)]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
