use countersign::{AuthRouter, fallback};

fn router() -> AuthRouter {
    AuthRouter::new().fallback(fallback!())
}

fn main() {}
