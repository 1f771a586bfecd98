use countersign::{authenticated, require};

#[require(scope("posts:write"))]
#[authenticated]
async fn write() -> &'static str {
    "written"
}

fn main() {}
