use countersign::check;

#[check(not_found = true)]
async fn owns_post() -> bool {
    true
}

fn main() {}
