use countersign::{Proof, require, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
    CanRetract = role("editor") && live;
}

#[require(CanRetract)]
async fn retract(_proof: Proof<CanPublish>) {}

fn main() {}
