use countersign::check;

#[check]
async fn owns_post(#[cfg(unix)] id: axum::extract::Path<u64>) -> bool {
    id.0 == 7
}

fn main() {}
