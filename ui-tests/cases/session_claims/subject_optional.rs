use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: Option<u64>,
}

fn main() {}
