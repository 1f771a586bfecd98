use countersign::{Session, SessionClaims, public};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[public(reason = "everybody may look")]
async fn look(session: Option<Session<User>>) -> String {
    session.map_or_else(String::new, |session| session.claims().id.to_string())
}

fn main() {}
