use countersign::typed_revoke_session_handler;

#[derive(Clone)]
struct AppState {
    greeting: String,
}

typed_revoke_session_handler!(handler, AppState);

fn main() {}
