use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    email: &'static str,
}

fn main() {}
