use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<u8>,
}

fn main() {}
