use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
#[claims(crate = "countersign")]
struct User {
    #[claims(subject)]
    id: u64,
}

fn main() {}
