use countersign::authenticated;

struct Api;

#[authenticated]
impl Api {
    async fn me() {}
}

fn main() {}
