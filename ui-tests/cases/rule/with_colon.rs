use countersign::rule;

rule! {
    pub CanPublish: role("editor");
}

fn main() {}
