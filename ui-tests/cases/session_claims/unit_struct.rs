use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User;

fn main() {}
