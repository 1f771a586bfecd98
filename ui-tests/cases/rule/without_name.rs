use countersign::rule;

rule! {
    = role("editor");
}

fn main() {}
