use countersign::{require, rule};

rule! {
    OnlyAdmins = role("admin");
}

#[require(OnlyAdmins && role("admin"))]
async fn write() {}

fn main() {}
