use countersign::require_scope;

#[require_scope("orders:read", live, machine)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
