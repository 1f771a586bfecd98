use countersign::require;

#[require(issuer("Acme Corp"))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
