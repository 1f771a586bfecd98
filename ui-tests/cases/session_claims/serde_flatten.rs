use countersign::SessionClaims;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone)]
struct Profile {
    email: String,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[serde(flatten)]
    profile: Profile,
}

fn main() {}
