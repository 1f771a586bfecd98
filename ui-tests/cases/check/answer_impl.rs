use countersign::check;

#[check]
async fn owns_post() -> impl Into<bool> {
    true
}

fn main() {}
