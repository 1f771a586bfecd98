use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject, subject)]
    id: u64,
}

fn main() {}
