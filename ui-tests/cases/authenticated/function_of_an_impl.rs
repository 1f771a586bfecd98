use countersign::authenticated;

struct Api;

impl Api {
    #[authenticated]
    async fn me() -> &'static str {
        "me"
    }
}

fn main() {}
