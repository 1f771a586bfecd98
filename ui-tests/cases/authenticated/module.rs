use countersign::authenticated;

#[authenticated]
mod api {
    pub async fn me() {}
}

fn main() {}
