use countersign::rule;

rule! {
    pub can_publish = role("editor");
}

fn main() {}
