use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims]
    id: u64,
}

fn main() {}
