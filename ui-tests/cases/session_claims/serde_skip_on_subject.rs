use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    #[serde(skip)]
    id: u64,
}

fn main() {}
