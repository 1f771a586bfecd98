use countersign::{Auth, AuthState};

#[derive(Clone)]
struct User {
    id: u64,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
}

fn main() {}
