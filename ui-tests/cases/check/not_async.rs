use countersign::check;

#[check]
fn owns_post() -> bool {
    true
}

fn main() {}
