use countersign::public;

#[public(reason = "health probe", reason = "for the load balancer")]
async fn health() -> &'static str {
    "well"
}

fn main() {}
