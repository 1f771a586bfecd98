use countersign::rule;

rule! {}

fn main() {}
