use countersign::authenticated;

struct Api;

impl Api {
    #[authenticated]
    async fn me(&self) -> &'static str {
        "you"
    }
}

fn main() {}
