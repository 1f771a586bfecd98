//! Handlers and services for requests that no route answers.

use axum::Router;
use axum::http::header::ALLOW;
use axum::http::{Method, StatusCode};
use axum::routing::{any, get};
use countersign::{
    AuthRouter, DeclaredWhere, Unguarded, authenticated, fallback, public, require_role, routes,
};

use super::{ask, auth, finished, not_allowed, panic_of, row, rows, secret, statuses};
use crate::support::User;

/// No `#[utoipa::path]`.
#[require_role("admin")]
async fn for_admins(user: User) -> (StatusCode, String) {
    (StatusCode::IM_A_TEAPOT, user.id.to_string())
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[authenticated]
#[utoipa::path(post, path = "/me")]
async fn change_me() {}

#[authenticated]
#[utoipa::path(get, path = "/you")]
async fn you() {}

#[authenticated]
#[utoipa::path(post, path = "/you")]
async fn change_you() {}

mod open {
    use super::*;

    #[public(reason = "says nothing")]
    pub(super) async fn r#fn() -> (StatusCode, &'static str) {
        (StatusCode::IM_A_TEAPOT, "no such method")
    }
}

/// Rows 55 and 135: unknown paths are 401 for anonymous callers, where the application says so.
#[tokio::test]
async fn a_fallback_declares_its_access() {
    let auth = auth();
    let router = AuthRouter::new().routes(routes!(me)).fallback(fallback!(for_admins));
    let expected = [
        row("* /{*fallback}", "role `admin`", DeclaredWhere::Attribute),
        row("GET /me", "any signed-in user", DeclaredWhere::Attribute),
    ];
    assert_eq!(rows(&router), expected);
    let router = finished(router, &auth);
    for path in ["/", "/nothing", "/me/"] {
        for method in [Method::GET, Method::DELETE, Method::OPTIONS] {
            assert_eq!(statuses(&router, method, path).await, [401, 403, 418], "{path}");
        }
        assert_eq!(statuses(&router, Method::TRACE, path).await, [405, 405, 405], "{path}");
    }
    assert_eq!(statuses(&router, Method::GET, "/me").await, [401, 200, 200]);
    // A fallback is for paths, not for methods.
    assert_eq!(statuses(&router, Method::POST, "/me").await, [405, 405, 405]);
}

/// Claims as the first argument declare an access too.
#[tokio::test]
async fn a_fallback_without_an_attribute_has_its_arguments() {
    async fn known(user: Option<User>) -> StatusCode {
        if user.is_some() { StatusCode::NOT_FOUND } else { StatusCode::GONE }
    }
    let auth = auth();
    let router = AuthRouter::new().fallback(fallback!(known,));
    assert_eq!(rows(&router), [row("* /{*fallback}", "anyone, signed in or not", DeclaredWhere::Argument)]);
    assert_eq!(statuses(&finished(router, &auth), Method::GET, "/x").await, [410, 404, 404]);
}

#[tokio::test]
async fn a_handler_for_other_methods_declares_its_access() {
    let auth = auth();
    let router = AuthRouter::new().routes(routes!(me)).method_not_allowed_fallback(fallback!(open::r#fn));
    let expected = row("other /me", "public: says nothing", DeclaredWhere::Attribute);
    assert_eq!(rows(&router)[1], expected);
    let router = finished(router, &auth);
    let answer = ask(&router, Method::POST, "/me", None).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::IM_A_TEAPOT, &b"no such method"[..]));
    assert_eq!(answer.header(ALLOW), Some("GET,HEAD"));
    let answer = ask(&router, Method::TRACE, "/me", None).await;
    assert_eq!((answer.status, answer.header(ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, Some("GET,HEAD")));
    assert_eq!(statuses(&router, Method::GET, "/me").await, [401, 200, 200]);
    assert_eq!(statuses(&router, Method::GET, "/nothing").await, [404, 404, 404]);
}

/// Rows for other methods, without those of routes.
fn others<S: Clone + Send + Sync + 'static>(router: &AuthRouter<S>) -> Vec<(String, String)> {
    let rows = rows(router).into_iter().filter(|(route, ..)| route.starts_with("other "));
    rows.map(|(route, access, _)| (route["other ".len()..].to_owned(), access)).collect()
}

fn other(path: &str, access: &str) -> (String, String) {
    (path.to_owned(), access.to_owned())
}

const OPEN: &str = "public: says nothing";
const ADMINS: &str = "role `admin`";

/// axum keeps the first handler of a path.
#[tokio::test]
async fn every_path_says_which_handler_answers_its_other_methods() {
    let auth = auth();
    let swapped = AuthRouter::new()
        .routes(routes!(you))
        .method_not_allowed_fallback(fallback!(open::r#fn))
        .routes(routes!(me))
        .method_not_allowed_fallback(fallback!(for_admins))
        .routes(routes!(change_you));
    assert_eq!(others(&swapped), [other("/me", ADMINS), other("/you", OPEN)]);
    let router = finished(swapped, &auth);
    assert_eq!(statuses(&router, Method::PUT, "/me").await, [401, 403, 418]);
    assert_eq!(statuses(&router, Method::PUT, "/you").await, [418, 418, 418]);
    assert_eq!(statuses(&router, Method::POST, "/you").await, [401, 200, 200]);
}

#[tokio::test]
async fn a_handler_for_other_methods_keeps_its_paths() {
    let auth = auth();
    let nested = AuthRouter::new().routes(routes!(me)).method_not_allowed_fallback(fallback!(for_admins));
    let router = AuthRouter::new()
        .nest("/api", nested.clone())
        .nest("/later", AuthRouter::new().routes(routes!(me)))
        .merge(nested)
        .merge(AuthRouter::new().routes(routes!(change_me, you)))
        .openapi_json("/openapi.json", auth.layer())
        .route_service("/service", auth.layer(), get(secret))
        .method_not_allowed_fallback(fallback!(open::r#fn));
    let expected = [
        other("/api/me", ADMINS),
        other("/later/me", OPEN),
        other("/me", ADMINS),
        other("/openapi.json", OPEN),
        other("/you", OPEN),
    ];
    assert_eq!(others(&router), expected);
    let router = finished(router, &auth);
    for path in ["/api/me", "/me"] {
        assert_eq!(statuses(&router, Method::PUT, path).await, [401, 403, 418], "{path}");
    }
    for path in ["/later/me", "/openapi.json", "/you"] {
        assert_eq!(statuses(&router, Method::PUT, path).await, [418, 418, 418], "{path}");
    }
    assert_eq!(statuses(&router, Method::PUT, "/service").await, [401, 405, 405]);
}

#[tokio::test]
async fn a_guard_is_around_the_handlers_for_other_methods_so_far() {
    #[authenticated]
    async fn members() -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }

    let auth = auth();
    let router = AuthRouter::new()
        .routes(routes!(me))
        .method_not_allowed_fallback(fallback!(members))
        .routes(routes!(you))
        .guard(auth.layer().role("admin"))
        .method_not_allowed_fallback(fallback!(open::r#fn));
    assert_eq!(others(&router), [other("/me", ADMINS), other("/you", OPEN)]);
    let router = finished(router, &auth);
    assert_eq!(statuses(&router, Method::PUT, "/me").await, [401, 403, 418]);
    assert_eq!(statuses(&router, Method::PUT, "/you").await, [418, 418, 418]);

    let message = panic_of(|| {
        let open = AuthRouter::<crate::support::AppState>::new()
            .routes(routes!(me))
            .method_not_allowed_fallback(fallback!(open::r#fn));
        open.guard(auth.layer())
    });
    assert!(message.contains("and the handler for other methods of `/me`, added at "), "{message}");
}

/// Also where the routes are not listed. The access with which such a router was added does not apply to these methods.
#[tokio::test]
async fn a_router_of_axum_has_a_row_for_other_methods_too() {
    let auth = auth();
    let plain = |path| Router::new().route(path, get(secret));
    let router = AuthRouter::new()
        .nest_router("/legacy", auth.layer().role("admin"), plain("/a"))
        .unguarded("for this test", plain("/b"))
        .method_not_allowed_fallback(fallback!(open::r#fn))
        .unguarded("for this test", plain("/c"))
        .method_not_allowed_fallback(fallback!(for_admins))
        .unguarded("for this test", plain("/d"));
    let unlisted = "routes of a router that keeps them to itself";
    let expected = [other("/legacy/{*path}", OPEN), other(unlisted, OPEN), other(unlisted, ADMINS)];
    assert_eq!(others(&router), expected);
    let served = finished(router.clone(), &auth);
    assert_eq!(statuses(&served, Method::POST, "/legacy/a").await, [418, 418, 418]);
    assert_eq!(statuses(&served, Method::POST, "/b").await, [418, 418, 418]);
    assert_eq!(statuses(&served, Method::POST, "/c").await, [401, 403, 418]);
    assert_eq!(statuses(&served, Method::POST, "/d").await, [405, 405, 405]);
    let nested = AuthRouter::new().nest("/v1", router);
    assert_eq!(others(&nested)[1], other(&format!("{unlisted}, below /v1"), OPEN));
}

#[tokio::test]
async fn a_guarded_handler_for_other_methods_asks_first() {
    let auth = auth();
    let router = AuthRouter::new().routes(routes!(me)).method_not_allowed_fallback(fallback!(for_admins));
    assert_eq!(statuses(&finished(router, &auth), Method::POST, "/me").await, [401, 403, 418]);
}

#[tokio::test]
async fn a_fallback_service_is_guarded() {
    let auth = auth();
    let router =
        AuthRouter::new().routes(routes!(me)).fallback_service(auth.layer().role("admin"), any(secret));
    assert_eq!(rows(&router)[0], row("* /{*fallback}", "role `admin`", DeclaredWhere::Router));
    let router = finished(router, &auth);
    for path in ["/", "/anything/at/all"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 200], "{path}");
    }
}

/// The matrix has the fallbacks of nested routers as they are served.
#[tokio::test]
async fn a_nested_fallback_is_in_the_matrix_where_it_is_served() {
    let auth = auth();
    let inner = || AuthRouter::new().routes(routes!(me)).fallback(fallback!(for_admins));
    let once = AuthRouter::new().nest("/api", inner());
    assert_eq!(rows(&once)[0].0, "* /api/{*fallback}");
    let twice = AuthRouter::new().nest("/v1", once.clone());
    assert_eq!(rows(&twice).len(), 1, "{:?}", rows(&twice));
    let kept = AuthRouter::new().nest("/v1", once.clone().fallback(fallback!(me)));
    assert_eq!(rows(&kept)[0].0, "* /v1/api/{*fallback}");
    assert_eq!(rows(&kept)[1].0, "* /v1/{*fallback}");

    assert_eq!(statuses(&finished(once, &auth), Method::GET, "/api/nothing").await, [401, 403, 418]);
    assert_eq!(statuses(&finished(twice, &auth), Method::GET, "/v1/api/nothing").await, [404, 404, 404]);
    let kept = finished(kept, &auth);
    assert_eq!(statuses(&kept, Method::GET, "/v1/api/nothing").await, [401, 403, 418]);
    assert_eq!(statuses(&kept, Method::GET, "/v1/nothing").await, [401, 200, 200]);
    assert_eq!(statuses(&kept, Method::GET, "/nothing").await, [404, 404, 404]);
}

/// A router of axum does not reveal whether it has a fallback.
#[tokio::test]
async fn a_nested_fallback_that_an_unguarded_one_keeps_alive_has_a_row() {
    let auth = auth();
    let with_legacy = |legacy| {
        let inner = AuthRouter::new().routes(routes!(me)).fallback(fallback!(for_admins));
        let between = AuthRouter::new().nest("/x", inner).unguarded("legacy", legacy);
        AuthRouter::new().nest("/mid", AuthRouter::new().merge(between))
    };
    let kept = with_legacy(Router::new().fallback(not_allowed));
    let lost = with_legacy(Router::new().route("/old", get(secret)));
    for router in [&kept, &lost] {
        assert_eq!(rows(router)[0], row("* /mid/x/{*fallback}", "role `admin`", DeclaredWhere::Attribute));
    }
    assert_eq!(statuses(&finished(kept, &auth), Method::GET, "/mid/x/nothing").await, [401, 403, 418]);
    assert_eq!(statuses(&finished(lost, &auth), Method::GET, "/mid/x/nothing").await, [404, 404, 404]);
    let nested_once_more = AuthRouter::new().nest("/outer", with_legacy(Router::new().fallback(not_allowed)));
    assert!(rows(&nested_once_more).iter().all(|(route, ..)| !route.contains("fallback")));
    let router = finished(nested_once_more, &auth);
    assert_eq!(statuses(&router, Method::GET, "/outer/mid/x/nothing").await, [404, 404, 404]);
}

#[tokio::test]
async fn a_merged_fallback_stays() {
    let auth = auth();
    let router =
        AuthRouter::new().merge(AuthRouter::new().fallback(fallback!(for_admins))).routes(routes!(me));
    assert_eq!(rows(&router)[0].0, "* /{*fallback}");
    assert_eq!(statuses(&finished(router, &auth), Method::GET, "/nothing").await, [401, 403, 418]);
}

#[test]
fn two_fallbacks_are_refused_with_both_places() {
    let with_fallback = || AuthRouter::<crate::support::AppState>::new().fallback(fallback!(for_admins));
    let open = Unguarded("for this test");
    for message in [
        panic_of(|| with_fallback().fallback(fallback!(open::r#fn))),
        panic_of(|| with_fallback().fallback_service(open, get(secret))),
        panic_of(|| with_fallback().merge(with_fallback())),
    ] {
        assert!(message.starts_with("`AuthRouter` has two fallbacks, one added at "), "{message}");
        assert_eq!(message.matches("fallbacks.rs:").count(), 2, "{message}");
        assert!(message.ends_with("; remove one of them"), "{message}");
    }
}
