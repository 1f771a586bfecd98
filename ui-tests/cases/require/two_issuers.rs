use countersign::require;

#[require(issuer("acme") && issuer("partner"))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
