//! Routes of axum that have no row of their own: each is asked, or is a gap by name.

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::{any, get, post, put};
use countersign::testing::{GapKind, ProbeReport, TestAuth};
use countersign::{AuthRouter, authenticated, fallback, routes};

use super::{State, probe};

async fn page() -> &'static str {
    "a page"
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[authenticated]
async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}

fn kinds(report: &ProbeReport) -> Vec<(GapKind, &str)> {
    report.gaps().map(|gap| (gap.kind(), gap.path())).collect()
}

/// A section of pages, as `nest_router` takes it.
fn sections() -> Vec<(&'static str, Router<State>)> {
    vec![
        ("`/` alone", Router::new().route("/", get(page))),
        ("one segment", Router::new().route("/{name}", get(page))),
        ("any depth", Router::new().route("/{*rest}", get(page))),
        ("every method", Router::new().route("/", any(page))),
        ("`POST` alone", Router::new().route("/", post(page))),
        ("neither method that is asked", Router::new().route("/", put(page))),
        ("a fallback alone", Router::new().fallback(page)),
        ("a fallback behind a route", Router::new().route("/a/b", get(page)).fallback(page)),
    ]
}

#[tokio::test]
async fn a_guarded_section_is_asked_wherever_it_has_a_route() {
    for outer_fallback in [false, true] {
        for (name, section) in sections() {
            let auth = TestAuth::new();
            let router = AuthRouter::new().routes(routes!(me)).nest_router("/app", auth.layer(), section);
            let router = if outer_fallback { router.fallback(fallback!(nothing_here)) } else { router };
            let report = probe(&auth, router).only(["/app/{*path}"]).run().await;
            report.assert_no_gaps();
            assert_eq!(report.not_probed().count(), 0, "{name}: {report}");
            assert!(report.requests() > 40, "{name}: {report}");
        }
    }
}

/// A layer of the application lets everybody in, and the row still says that the caller has to be signed in.
#[tokio::test]
async fn a_section_without_its_guard_is_found_at_each_of_its_routes() {
    for (name, section) in sections() {
        let auth = TestAuth::new();
        let unguarded: Router = Router::new().nest("/app", section.with_state(auth.clone()));
        let open =
            axum::middleware::from_fn(move |request: axum::extract::Request, _: axum::middleware::Next| {
                let unguarded = unguarded.clone();
                async move { tower::ServiceExt::oneshot(unguarded, request).await.unwrap() }
            });
        let router = AuthRouter::new().nest_router("/app", auth.layer(), Router::new().route("/", get(page)));
        let report = probe(&auth, router.layer(open)).run().await;
        let found = report.gaps().any(|gap| {
            gap.kind() == GapKind::LetThrough
                && matches!(gap.method(), "GET" | "POST")
                && gap.request() == "no token"
        });
        let answers_at_the_prefix = !["one segment", "any depth"].contains(&name);
        assert!(found || !answers_at_the_prefix, "{name}: {report}");
    }
}

#[tokio::test]
async fn both_methods_of_a_row_for_every_method_are_asked() {
    let auth = TestAuth::new();
    // The guard is around `GET` only.
    let half = any(page).get(page);
    let guarded = Router::new().route("/", half).route_layer(auth.layer());
    let posts_are_open =
        axum::middleware::from_fn(async |request: axum::extract::Request, next: axum::middleware::Next| {
            if *request.method() == Method::POST {
                return axum::response::IntoResponse::into_response("posted");
            }
            next.run(request).await
        });
    let router = AuthRouter::new().nest_router("/app", auth.layer(), guarded).layer(posts_are_open);
    let report = probe(&auth, router).run().await;
    assert!(report.gaps().count() > 0, "{report}");
    assert!(report.gaps().all(|gap| gap.method() == "POST" && gap.kind() == GapKind::LetThrough), "{report}");
}

/// A route at a depth that the probe does not guess.
#[tokio::test]
async fn a_section_that_cannot_be_asked_is_a_gap_until_a_path_is_named() {
    let auth = TestAuth::new();
    let routed = || {
        let section = Router::new().route("/reports/{id}", get(page));
        let router = AuthRouter::new().routes(routes!(me)).nest_router("/app", auth.layer(), section);
        probe(&auth, router)
    };
    let report = routed().run().await;
    assert_eq!(kinds(&report), [(GapKind::NotProbed, "/app/{*path}")], "{report}");
    assert!(report.to_string().contains("*       /app/{*path}         0  1 gap"), "{report}");

    let named = routed().at("*", "/app/{*path}", "/app/reports/1").run().await;
    named.assert_no_gaps();
    assert_eq!(named.not_probed().count(), 0, "{named}");
    routed().param("path", "reports/1").run().await.assert_no_gaps();

    let wrong = routed().at("*", "/app/{*path}", "/app/reports").run().await;
    assert_eq!(kinds(&wrong), [(GapKind::NotProbed, "/app/{*path}")], "{wrong}");
    let skipped = routed().skip("*", "/app/{*path}", "tests/reports.rs").run().await;
    skipped.assert_no_gaps();
    assert!(skipped.to_string().contains("unproven"), "{skipped}");
}

#[tokio::test]
async fn a_guarded_handler_for_other_methods_of_a_section_is_a_gap_until_a_path_is_named() {
    let auth = TestAuth::new();
    let routed = || {
        let router = AuthRouter::new()
            .nest_router("/app", auth.layer(), Router::new().route("/", get(page)))
            .method_not_allowed_fallback(fallback!(nothing_here));
        probe(&auth, router)
    };
    let report = routed().run().await;
    assert_eq!(kinds(&report), [(GapKind::NotProbed, "/app/{*path}")], "{report}");
    assert_eq!(report.gaps().next().unwrap().method(), "other");
    let named = routed().at("other", "/app/{*path}", "/app").run().await;
    named.assert_no_gaps();
    assert_eq!(named.not_probed().count(), 0, "{named}");
}

#[test]
#[should_panic = "`AccessProbe::at` names `* /ap/{*path}`, which is no route of the router"]
fn at_of_an_unknown_route_is_refused() {
    let auth = TestAuth::new();
    let _ = probe(&auth, AuthRouter::new().routes(routes!(me))).at("*", "/ap/{*path}", "/ap/1");
}

#[test]
#[should_panic = "`AccessProbe::at` takes a path with a slash in front, not `me`"]
fn at_without_a_slash_is_refused() {
    let auth = TestAuth::new();
    let _ = probe(&auth, AuthRouter::new().routes(routes!(me))).at("GET", "/me", "me");
}
