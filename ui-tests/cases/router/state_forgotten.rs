use countersign::{AuthRouter, authenticated, routes};

#[authenticated]
#[utoipa::path(get, path = "/hello")]
async fn hello() -> &'static str {
    "hello"
}

fn router() -> AuthRouter {
    AuthRouter::new().routes(routes!(hello)).with_state(())
}

fn main() {}
