//! Every route has a row, whatever it was made of.

use axum::Router;
use axum::routing::get;
use countersign::{Auth, AuthRouter, Unguarded, authenticated, fallback, routes};

use super::{auth, rows, secret};
use crate::support::User;

#[authenticated]
#[utoipa::path(method(get, delete), path = "")]
async fn root() {}

/// Row 55.
#[test]
fn every_route_has_a_row() {
    let auth = auth();
    let inner = AuthRouter::<Auth<User>>::new()
        .routes(routes!(root))
        .routes(auth.routes())
        .route_service("/service", auth.layer(), get(secret))
        .nest_service("/files", auth.layer(), get(secret))
        .nest_router("/legacy", auth.layer(), Router::new())
        .openapi_json("/openapi.json", auth.layer())
        .method_not_allowed_fallback(fallback!(root))
        .unguarded("for this test", Router::new().route("/old", get(secret)))
        .fallback(fallback!(root));
    let router = AuthRouter::new()
        .merge(AuthRouter::new().nest("/api", inner))
        .fallback_service(Unguarded("for this test"), get(secret));
    let routes: Vec<_> = rows(&router).into_iter().map(|(route, ..)| route).collect();
    let expected = [
        "* /api/files/{*path}",
        "* /api/legacy/{*path}",
        "* /api/service",
        "* /api/{*fallback}",
        "* /{*fallback}",
        "* other methods of known paths, below /api",
        "* routes of a router that keeps them to itself, below /api",
        "DELETE /api",
        "DELETE /api/sessions",
        "DELETE /api/sessions/{id}",
        "GET /api",
        "GET /api/openapi.json",
        "GET /api/sessions",
        "POST /api/logout",
        "POST /api/logout-all",
        "POST /api/refresh",
    ];
    assert_eq!(routes, expected);
}
