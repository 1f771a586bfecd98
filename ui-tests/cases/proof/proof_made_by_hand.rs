use countersign::{Proof, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

fn publish(_: &Proof<CanPublish>) {}

fn main_job() {
    publish(&Proof);
}

fn main() {}

// cure: take a `Proof<CanPublish>` as an argument of the handler and pass it on; only the decision makes one
