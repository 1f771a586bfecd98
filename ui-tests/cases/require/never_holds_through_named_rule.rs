use countersign::{require, rule};

rule! {
    CanPublish = role("editor") && scope("posts:write");
}

#[require(CanPublish && !role("editor"))]
async fn write() {}

fn main() {}
