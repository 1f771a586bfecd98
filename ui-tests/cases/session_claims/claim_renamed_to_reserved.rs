use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[serde(rename = "iss")]
    tenant: String,
}

fn main() {}
