use axum::routing::get;
use countersign::AuthRouter;

fn router() -> AuthRouter {
    AuthRouter::new().route_service("/metrics", "admin", get(async || "up 1"))
}

fn main() {}
