use countersign::SessionClaims;

#[derive(Clone)]
struct UserId(u64);

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: UserId,
}

fn main() {}
