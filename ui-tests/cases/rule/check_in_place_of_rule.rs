use countersign::{check, rule};

#[check]
async fn owns_post() -> bool {
    true
}

rule! {
    CanPublish = owns_post && live;
}

fn main() {}
