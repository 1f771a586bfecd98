use countersign::check;

struct Post;

impl Post {
    #[check]
    async fn owns_post(&self) -> bool {
        true
    }
}

fn main() {}
