use countersign::require;

struct Post;

#[require(Post)]
async fn write() -> &'static str {
    "written"
}

fn main() {}
