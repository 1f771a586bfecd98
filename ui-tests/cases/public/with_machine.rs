use countersign::public;

#[public(reason = "for the importer", machine)]
async fn orders() -> &'static str {
    "orders"
}

fn main() {}
