use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
#[claims(subject)]
struct User {
    id: u64,
}

fn main() {}
