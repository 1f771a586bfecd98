use countersign::check;

#[check]
#[check(not_found)]
async fn owns_post() -> bool {
    true
}

fn main() {}
