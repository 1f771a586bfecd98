use countersign::{Proof, require_role, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[require_role("editor")]
async fn publish(_proof: Proof<CanPublish>) {}

fn main() {}
