use countersign::rule;

rule! {
    pub Broken = role("admin") && !role("admin");
}

fn main() {}
