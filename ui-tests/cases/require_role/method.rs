use countersign::require_role;

struct Api;

impl Api {
    #[require_role("admin")]
    async fn members(self) -> &'static str {
        "all"
    }
}

fn main() {}
