use countersign::typed_refresh_handler;

#[derive(Clone)]
struct AppState {
    greeting: String,
}

typed_refresh_handler!(refresh, AppState);

fn main() {}
