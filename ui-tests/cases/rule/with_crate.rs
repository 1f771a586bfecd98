use countersign::rule;

rule! {
    CanPublish = role("editor"), crate = countersign;
}

fn main() {}
