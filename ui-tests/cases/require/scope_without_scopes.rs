use countersign::{Session, SessionClaims, require};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<String>,
}

#[require(role("editor") && scope("posts:write"))]
async fn publish(session: Session<User>) -> String {
    session.claims().id.to_string()
}

fn main() {}
