use countersign::check;

#[check]
async fn owns_post(post: axum::Json<u64>) -> bool {
    post.0 == 7
}

fn main() {}
