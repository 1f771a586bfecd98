use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
enum Caller {
    User { id: u64 },
    Service { name: String },
}

fn main() {}
