use countersign::{require, rule};

rule! {
    CanPublish = role(editor);
}

#[require(CanPublish)]
async fn publish() {}

fn main() {}
