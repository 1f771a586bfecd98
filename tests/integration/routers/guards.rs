//! One access around many routes, and the contradictions that are refused at start.

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::routing::{any, get};
use countersign::{
    AuthRouter, DeclaredWhere, Rule, Session, Unguarded, authenticated, fallback, public, require_role,
    routes,
};
use serde_json::{Value, json};

use super::{ask, auth, finished, not_allowed, panic_of, row, rows, secret, statuses, token};
use crate::support::{App, Role, User};

/// Reports
///
/// In my own words.
#[authenticated]
#[utoipa::path(get, path = "/reports", responses((status = 200)))]
async fn reports() {}

#[require_role("editor")]
#[utoipa::path(post, path = "/reports", responses((status = 200), (status = 403, description = "in my own words")))]
async fn write() {}

#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health")]
async fn health() {}

#[authenticated]
async fn nothing() -> StatusCode {
    StatusCode::NOT_FOUND
}

async fn greeting(user: Option<User>) -> String {
    user.map_or_else(String::new, |user| user.name)
}

fn operation(router: &AuthRouter<countersign::Auth<User>>, path: &str, method: &str) -> Value {
    serde_json::to_value(router.openapi()).unwrap()["paths"][path][method].clone()
}

/// The effective access is on the wire, in the table and in the document.
#[tokio::test]
async fn a_guard_is_demanded_beside_what_routes_demand() {
    let auth = auth();
    let router = AuthRouter::new()
        .routes(routes!(reports, write))
        .route_service("/service", auth.layer().scope("a"), any(secret))
        .guard(auth.layer().role("admin"));
    let expected = [
        row("* /service", "role `admin` and scope `a`", DeclaredWhere::Router),
        row("GET /reports", "role `admin`", DeclaredWhere::Attribute),
        row("POST /reports", "role `admin` and role `editor`", DeclaredWhere::Attribute),
    ];
    assert_eq!(rows(&router), expected);

    let get = operation(&router, "/reports", "get");
    assert_eq!(get["security"], json!([{ "bearer": ["admin"] }]));
    assert!(get["responses"]["401"].is_object());
    assert!(get["responses"]["403"]["description"].as_str().unwrap().contains("role `admin`"), "{get}");
    assert!(get["description"].as_str().unwrap().contains("In my own words."), "{get}");
    let post = operation(&router, "/reports", "post");
    // An admin is an editor as well.
    assert_eq!(post["security"], json!([{ "bearer": ["admin"] }]));
    let both = "in my own words\n\nThe signed-in user may not: requires role `admin` and role `editor`";
    assert_eq!(post["responses"]["403"]["description"], both);

    let router = finished(router, &auth);
    assert_eq!(statuses(&router, Method::GET, "/reports").await, [401, 403, 200]);
    assert_eq!(statuses(&router, Method::POST, "/reports").await, [401, 403, 200]);
    assert_eq!(statuses(&router, Method::GET, "/service").await, [401, 403, 403]);
    // Callers without the access do not learn which paths exist.
    assert_eq!(statuses(&router, Method::DELETE, "/reports").await, [401, 403, 405]);
    assert_eq!(statuses(&router, Method::GET, "/nothing").await, [404, 404, 404]);
    ask(&router, Method::DELETE, "/reports", None)
        .await
        .refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[tokio::test]
async fn routes_added_after_a_guard_are_outside_of_it() {
    let auth = auth();
    let router =
        AuthRouter::new().routes(routes!(reports)).guard(auth.layer().role("admin")).routes(routes!(health));
    assert_eq!(super::access_at(&router, "GET /health").to_string(), "public: health probe");
    assert_eq!(operation(&router, "/health", "get")["security"], json!([]));
    let router = finished(router, &auth);
    assert_eq!(statuses(&router, Method::GET, "/health").await, [200, 200, 200]);
    assert_eq!(statuses(&router, Method::GET, "/reports").await, [401, 403, 200]);
}

/// Guards at several levels, in nested and merged routers.
#[tokio::test]
async fn guards_of_several_levels_add_up() {
    let auth = auth();
    let inner = AuthRouter::new().routes(routes!(reports)).guard(auth.layer().scope("reports"));
    let middle =
        AuthRouter::new().nest("/inner", inner).routes(routes!(reports)).guard(auth.layer().role("admin"));
    let router =
        AuthRouter::new().nest("/middle", middle).routes(routes!(reports)).guard(auth.layer().live());
    for (route, access) in [
        ("GET /reports", "a session that has not ended"),
        ("GET /middle/reports", "a session that has not ended and role `admin`"),
        ("GET /middle/inner/reports", "a session that has not ended and role `admin` and scope `reports`"),
    ] {
        assert_eq!(super::access_at(&router, route).to_string(), access);
        let path = route.trim_start_matches("GET ");
        assert!(operation(&router, path, "get")["responses"]["503"].is_object(), "{path}");
    }
    let deepest = operation(&router, "/middle/inner/reports", "get");
    assert_eq!(deepest["security"], json!([{ "bearer": ["admin", "reports"] }]));

    let (router, _) = router.with_state::<()>(auth.clone()).split_for_parts();
    let app = App { auth: auth.clone(), router, ..App::new() };
    let member = app.login(&[Role::Member]).await;
    let admin = app.login(&[Role::Admin]).await;
    let mut scoped = User::with(&[Role::Admin]);
    scoped.scopes.push("reports".to_owned());
    let scoped = auth.login(&scoped, countersign::SessionMetadata::default()).await.unwrap();
    for (path, allowed) in [
        ("/reports", [200, 200, 200]),
        ("/middle/reports", [403, 200, 200]),
        ("/middle/inner/reports", [403, 403, 200]),
    ] {
        for (token, status) in [&member, &admin, &scoped].into_iter().zip(allowed) {
            assert_eq!(app.get(path, Some(&token.access_token)).await.status.as_u16(), status, "{path}");
        }
        // Its session is not in the store.
        let forged = token(&[Role::Admin]);
        assert_eq!(app.get(path, Some(&forged)).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_guard_is_around_fallbacks_and_nested_routers_too() {
    let auth = auth();
    let legacy = Router::new().route("/a", get(secret)).fallback(not_allowed);
    let router = AuthRouter::new()
        .nest_router("/legacy", auth.layer(), legacy)
        .fallback(fallback!(nothing))
        .guard(auth.layer().role("admin"));
    for (_, access, _) in rows(&router) {
        assert_eq!(access, "role `admin`");
    }
    let router = finished(router, &auth);
    assert_eq!(statuses(&router, Method::GET, "/legacy/a").await, [401, 403, 200]);
    assert_eq!(statuses(&router, Method::GET, "/legacy/b").await, [401, 403, 418]);
    assert_eq!(statuses(&router, Method::GET, "/nothing").await, [401, 403, 404]);
}

/// A nested router of axum may have a fallback that is not listed, so the guard is around everything.
#[tokio::test]
async fn the_fallback_of_a_nested_router_of_axum_is_inside_the_guard() {
    let auth = auth();
    let legacy = Router::new().fallback(not_allowed);
    let inner = AuthRouter::new().nest_router("/legacy", auth.layer(), legacy);
    let router = AuthRouter::new().merge(inner).guard(auth.layer().role("admin"));
    let router = finished(router, &auth);
    for path in ["/legacy", "/legacy/a"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 418], "{path}");
    }
}

#[tokio::test]
async fn routes_for_all_signed_in_users_are_narrowed() {
    let auth = auth();
    let open = AuthRouter::new().fallback(fallback!(greeting));
    let narrowed = open.clone().guard(auth.layer());
    assert_eq!(rows(&narrowed)[0].1, "any signed-in user");
    assert_eq!(statuses(&finished(narrowed, &auth), Method::GET, "/").await, [401, 200, 200]);
    let asked = AuthRouter::new().routes(routes!(reports)).guard(auth.layer().optional());
    assert_eq!(rows(&asked)[0].1, "any signed-in user");
    assert_eq!(statuses(&finished(asked, &auth), Method::GET, "/reports").await, [401, 200, 200]);
    let twice = open.guard(auth.layer().role("admin")).guard(auth.layer().role("admin"));
    assert_eq!(rows(&twice)[0].1, "role `admin`");
}

/// Row 47.
#[test]
fn a_public_route_in_a_guarded_router_is_refused_with_both_places() {
    let auth = auth();
    let message = panic_of(|| {
        let inner =
            AuthRouter::<countersign::Auth<User>>::new().routes(routes!(reports)).routes(routes!(health));
        AuthRouter::new().nest("/api", inner).guard(auth.layer().role("admin"))
    });
    assert!(message.starts_with("`AuthRouter::guard` at tests/integration/routers/guards.rs:"), "{message}");
    assert!(
        message.contains(" demands role `admin` for every route, and GET /api/health, added at tests/"),
        "{message}"
    );
    assert_eq!(message.matches("guards.rs:").count(), 2, "{message}");
    assert!(
        message.ends_with(
            ", is public (health probe); add that to the router after the guard, or declare another access than public for it"
        ),
        "{message}"
    );
}

/// Row 47: also by a layer that only verifies credentials, and for routes without a declared access.
#[test]
fn every_public_route_in_a_guarded_router_is_refused() {
    let auth = auth();
    let new = AuthRouter::<countersign::Auth<User>>::new;
    let open = Unguarded("for this test");
    let optional = || auth.layer().optional();
    for (message, expected) in [
        (panic_of(|| new().routes(routes!(health)).guard(optional())), "demands that credentials are good"),
        (panic_of(|| new().route_service("/a", open, get(secret)).guard(auth.layer())), "`/a`, added at"),
        (panic_of(|| new().scalar("/s", open).guard(auth.layer())), "GET /s, added at"),
        (
            panic_of(|| new().unguarded("for this test", Router::new()).guard(auth.layer())),
            "keeps them to itself`, added",
        ),
        (
            panic_of(|| new().fallback_service(open, get(secret)).guard(auth.layer())),
            "`/{*fallback}`, added at",
        ),
        (panic_of(|| new().routes(auth.routes()).guard(auth.layer())), "POST /refresh, added at"),
    ] {
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("is public ("), "{message}");
    }
}

/// Row 47.
#[test]
fn an_open_guard_takes_nothing_away() {
    let new = AuthRouter::<countersign::Auth<User>>::new;
    let open = Unguarded("it is late");
    let _ = new().routes(routes!(health)).guard(open);
    let message = panic_of(|| new().routes(routes!(health, write)).guard(open));
    assert!(message.contains(" lets everybody pass (it is late), and POST /reports, added at "), "{message}");
    assert!(
        message.ends_with(" demands role `editor`, which no guard takes away; remove the guard"),
        "{message}"
    );
    assert_eq!(message.matches("guards.rs:").count(), 2, "{message}");
}

#[test]
fn a_guard_and_a_route_that_exclude_each_other_are_refused() {
    let auth = auth();
    let new = AuthRouter::<countersign::Auth<User>>::new;
    let absent = Rule::Not(&Rule::Role("editor"));
    let message = panic_of(|| new().routes(routes!(write)).guard(auth.layer().rule(absent)));
    assert!(message.contains(" demands not role `editor` for every route, and POST /reports, "), "{message}");
    assert!(message.contains(" demands role `editor`: no caller meets both; "), "{message}");
    assert_eq!(message.matches("guards.rs:").count(), 2, "{message}");
    let _ = new().routes(routes!(write)).guard(auth.layer().rule(Rule::Not(&Rule::Role("support"))));
}

#[test]
fn a_guard_over_nothing_is_refused() {
    let message = panic_of(|| AuthRouter::<()>::new().guard(auth().layer()));
    assert_eq!(
        message,
        "`AuthRouter::guard` guards the routes so far, and there are none; add routes before it"
    );
}

/// Layers that were added before a guard run inside of it, and those that come later around it.
#[tokio::test]
async fn only_a_layer_after_a_guard_sees_refused_requests() {
    let auth = auth();
    let teapot = || from_fn(async |_: Request, _: Next| not_allowed().await);
    let inside = AuthRouter::new().routes(routes!(reports)).layer(teapot()).guard(auth.layer().role("admin"));
    assert_eq!(statuses(&finished(inside, &auth), Method::GET, "/reports").await, [401, 403, 418]);
    let outside =
        AuthRouter::new().routes(routes!(reports)).guard(auth.layer().role("admin")).route_layer(teapot());
    assert_eq!(statuses(&finished(outside, &auth), Method::GET, "/reports").await, [418, 418, 418]);
}

/// Row 55: a session that a foreign layer leaves in the extensions signs no caller in.
#[tokio::test]
async fn a_foreign_layer_cannot_sign_callers_in() {
    let (auth, foreign) = (auth(), auth());
    // A session of the same user that another `Auth` has verified, kept from an earlier request.
    let (kept, sessions) = tokio::sync::mpsc::unbounded_channel::<Session<User>>();
    let keeping = Router::new().route("/", get(async |_: Session<User>| {})).layer(from_fn(
        move |request: Request, next: Next| {
            let kept = kept.clone();
            async move {
                kept.send(request.extensions().get::<Session<User>>().unwrap().clone()).unwrap();
                next.run(request).await
            }
        },
    ));
    let keeping = keeping.layer(foreign.layer()).with_state(foreign.clone());
    assert_eq!(ask(&keeping, Method::GET, "/", Some(&token(&[Role::Admin]))).await.status, StatusCode::OK);
    let mut sessions = sessions;
    let session = sessions.recv().await.unwrap();

    let fooling = from_fn(move |mut request: Request, next: Next| {
        request.extensions_mut().insert(session.clone());
        request.extensions_mut().insert(User::with(&[Role::Admin]));
        next.run(request)
    });
    let router = AuthRouter::new()
        .routes(routes!(reports))
        .route_service("/service", auth.layer(), any(secret))
        .nest("/section", AuthRouter::new().routes(routes!(reports)).guard(auth.layer().role("admin")))
        .layer(fooling);
    let router = finished(router, &auth);
    for path in ["/reports", "/service"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 200, 200], "{path}");
    }
    assert_eq!(statuses(&router, Method::GET, "/section/reports").await, [401, 403, 200]);
}
