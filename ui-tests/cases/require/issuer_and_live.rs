use countersign::require;

#[require(issuer("acme") && live)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
