use countersign::check;

#[check]
async fn owns_post() -> Option<bool> {
    None
}

fn main() {}
