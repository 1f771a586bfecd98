use countersign::require;

#[require(scope("orders:read") && !machine)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
