use countersign::rule;

rule! {
    CanPublish = CanRetract;
    CanRetract = CanPublish && live;
}

fn main() {}
