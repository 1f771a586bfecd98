use countersign::check;

#[check(notfound)]
async fn owns_post() -> bool {
    true
}

fn main() {}
