use countersign::check;

#[check]
async fn owns_post<T>(_: T) -> bool {
    true
}

fn main() {}
