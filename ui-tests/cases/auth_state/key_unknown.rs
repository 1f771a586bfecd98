use countersign::{Auth, AuthState, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
#[auth(krate = countersign)]
struct AppState {
    #[auth]
    auth: Auth<User>,
}

fn main() {}
