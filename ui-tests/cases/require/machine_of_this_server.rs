use countersign::require;

#[require(issuer("own") && machine)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
