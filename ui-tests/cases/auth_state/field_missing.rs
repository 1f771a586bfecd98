use countersign::{Auth, AuthState, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
struct AppState {
    auth: Auth<User>,
}

fn main() {}
