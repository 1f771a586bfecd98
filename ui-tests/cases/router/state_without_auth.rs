use axum::extract::State;
use countersign::{AuthRouter, authenticated, routes};

#[derive(Clone)]
struct AppState {
    greeting: String,
}

#[authenticated]
#[utoipa::path(get, path = "/hello")]
async fn hello(State(state): State<AppState>) -> String {
    state.greeting
}

fn router(state: AppState) -> AuthRouter {
    AuthRouter::new().routes(routes!(hello)).with_state(state)
}

fn main() {}
