use countersign::{require, rule};

rule! {
    InSession = live && deny_impersonated;
}

#[require(InSession && machine)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
