use axum::routing::get;
use countersign::AuthRouter;

fn router() -> AuthRouter {
    AuthRouter::new().route_service("/metrics", get(async || "up 1"))
}

fn main() {}

// cure: write the access before the service: `route_service("/metrics", auth.layer().role("operator"), service)`
