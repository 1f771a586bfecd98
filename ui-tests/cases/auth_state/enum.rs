use countersign::{Auth, AuthState, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
enum AppState {
    Live(#[auth] Auth<User>),
    Closed,
}

fn main() {}
