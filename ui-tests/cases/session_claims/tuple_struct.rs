use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User(#[claims(subject)] u64, String);

fn main() {}
