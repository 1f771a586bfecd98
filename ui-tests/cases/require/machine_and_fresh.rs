use countersign::require;

#[require(machine && fresh("10m"))]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
