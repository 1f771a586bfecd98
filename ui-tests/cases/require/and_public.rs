use countersign::{public, require};

#[require(live)]
#[public(reason = "probe")]
async fn write() -> &'static str {
    "written"
}

fn main() {}
