use countersign::require;

#[require(scope("orders:read") && machin)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
