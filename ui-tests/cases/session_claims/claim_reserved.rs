use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    exp: u64,
}

fn main() {}
