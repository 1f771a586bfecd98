use countersign::{Auth, AuthState, SessionClaims, typed_refresh_handler};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
}

typed_refresh_handler!(AppState, refresh);

fn main() {}
// cure: write `typed_refresh_handler!(refresh, AppState)`
