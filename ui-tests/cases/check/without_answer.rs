use countersign::check;

#[check]
async fn owns_post() {}

fn main() {}
