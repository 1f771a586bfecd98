use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

fn main() {
    assert!(User { id: 7 }.has_role("admin"));
}
