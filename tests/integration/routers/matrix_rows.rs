//! Every route has a row in the matrix, however it was added.

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use countersign::{Auth, AuthRouter, Unguarded, authenticated, fallback, routes};

use super::{auth, finished, rows, secret, statuses};
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
        "other /api",
        "other /api/legacy/{*path}",
        "other /api/logout",
        "other /api/logout-all",
        "other /api/openapi.json",
        "other /api/refresh",
        "other /api/sessions",
        "other /api/sessions/{id}",
    ];
    assert_eq!(routes, expected);
}

/// axum takes away slashes where a prefix ends with one, and nowhere else.
#[tokio::test]
async fn a_path_with_two_slashes_has_its_row_where_it_is_served() {
    #[authenticated]
    #[utoipa::path(get, path = "//double")]
    async fn double() {}

    let auth = auth();
    for (prefix, path) in [("/api", "/api//double"), ("/api/", "/api/double")] {
        let router = AuthRouter::new().nest(prefix, AuthRouter::new().routes(routes!(double)));
        assert_eq!(rows(&router)[0].0, format!("GET {path}"));
        assert!(router.openapi().paths.paths.contains_key(path));
        assert_eq!(statuses(&finished(router, &auth), Method::GET, path).await, [401, 200, 200], "{prefix}");
    }
}
