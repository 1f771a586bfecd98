use countersign::check;

#[check]
async fn owns_post(id: &u64) -> bool {
    *id == 7
}

fn main() {}
