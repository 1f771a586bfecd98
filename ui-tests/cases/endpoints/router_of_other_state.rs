use countersign::{Auth, AuthRouter, AuthState, SessionClaims, routes, typed_refresh_handler};

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

typed_refresh_handler!(refresh, AppState);

fn router(auth: Auth<User>) -> AuthRouter {
    AuthRouter::new().routes(routes!(refresh)).with_state(auth)
}

fn main() {}

// cure: give the router the state that the macro names: `.with_state(AppState { auth })`
