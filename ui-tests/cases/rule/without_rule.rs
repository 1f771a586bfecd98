use countersign::rule;

rule! {
    pub CanPublish = ;
}

fn main() {}
