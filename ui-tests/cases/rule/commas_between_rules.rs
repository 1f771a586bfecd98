use countersign::{require, rule};

rule! {
    pub CanRead = scope("posts:read"),
    /// Writes posts at all.
    pub CanWrite = scope("posts:write"),
}

#[require(CanRead && CanWrite)]
async fn publish() -> &'static str {
    "published"
}

fn main() {}
