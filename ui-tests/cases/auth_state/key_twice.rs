use countersign::{Auth, AuthState, SessionClaims};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
#[auth(crate = countersign, crate = countersign)]
struct AppState {
    #[auth]
    auth: Auth<User>,
}

fn main() {}
