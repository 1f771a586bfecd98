use countersign::require;

#[require(scope("orders:read") && issuer(acme))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
