use countersign::check;

struct Failure;

#[check]
async fn owns_post() -> Result<bool, Failure> {
    Err(Failure)
}

fn main() {}
