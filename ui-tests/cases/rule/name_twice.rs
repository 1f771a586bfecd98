use countersign::rule;

rule! {
    CanPublish = role("editor");
    CanPublish = role("admin");
}

fn main() {}
