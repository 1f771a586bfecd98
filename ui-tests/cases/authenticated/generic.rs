use axum::extract::State;
use countersign::authenticated;

#[authenticated]
async fn me<T: Clone>(State(_db): State<T>) -> &'static str {
    "you"
}

fn main() {}
