use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject, roles)]
    id: String,
}

fn main() {}
