use countersign::SessionClaims;

#[derive(SessionClaims)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn main() {}
