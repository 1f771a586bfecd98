use axum::Router;
use axum::routing::get;
use countersign::AuthRouter;

fn router() -> AuthRouter {
    AuthRouter::new().nest("/api", Router::new().route("/", get(async || "up")))
}

fn main() {}

// cure: `nest` takes an `AuthRouter`; write `nest_router("/api", access, router)` for a router of axum
