use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject = "id")]
    id: u64,
}

fn main() {}
