use countersign::rule;

rule! {
    pub type CanPublish = role("editor");
}

fn main() {}
