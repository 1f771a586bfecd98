use countersign::SessionClaims;

#[derive(SessionClaims)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn main() {}

// cure: derive `Clone` as well: `#[derive(SessionClaims, Clone)]`
