use countersign::require;

#[require(machine() && scope("orders:read"))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
