use axum::Router;
use axum::routing::get;
use countersign::AuthRouter;

fn router() -> AuthRouter {
    AuthRouter::new().routes(Router::new().route("/", get(async || "up")))
}

fn main() {}
