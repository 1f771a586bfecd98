use countersign::SessionClaims;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    email: String,
    #[serde(rename = "email")]
    backup_email: String,
}

fn main() {}
