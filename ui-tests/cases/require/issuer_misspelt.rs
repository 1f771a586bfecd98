use countersign::require;

#[require(isuer("acme"))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
