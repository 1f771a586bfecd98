//! Services, static files, WebSockets and routers of axum.

use std::convert::Infallible;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::{any, get};
use countersign::{AuthRouter, DeclaredWhere, Session, Unguarded, authenticated, routes};
use tower::service_fn;
use tower_http::services::ServeDir;

use super::{ask, auth, finished, not_allowed, panic_of, row, rows, secret, statuses, token};
use crate::paths::Server;
use crate::support::{Role, User};

/// Rows 48 and 55.
#[tokio::test]
async fn a_service_is_asked_only_with_its_access() {
    let auth = auth();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let service = service_fn(move |request: Request<_>| {
        counter.fetch_add(1, Ordering::SeqCst);
        let session = request.extensions().get::<Session<User>>().map(|session| session.claims().id);
        async move { Ok::<_, Infallible>(Response::new(format!("{session:?}"))) }
    });
    let router = AuthRouter::new().route_service("/metrics/{name}", auth.layer().role("admin"), service);
    assert_eq!(rows(&router), [row("* /metrics/{name}", "role `admin`", DeclaredWhere::Router)]);
    assert!(router.openapi().paths.paths.is_empty());

    let router = finished(router, &auth);
    for method in
        [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS, Method::from_bytes(b"PURGE").unwrap()]
    {
        assert_eq!(statuses(&router, method.clone(), "/metrics/a").await, [401, 403, 200], "{method}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 5);
    let answer = ask(&router, Method::GET, "/metrics/a", Some(&token(&[Role::Admin]))).await;
    assert_eq!(answer.body, "Some(7)");
    ask(&router, Method::GET, "/metrics/a", None)
        .await
        .refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

/// Row 52.
#[tokio::test]
async fn the_body_of_a_refused_request_to_a_service_is_not_read() {
    struct Unread;

    impl http_body::Body for Unread {
        type Data = axum::body::Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Infallible>>> {
            panic!("the body was read");
        }
    }

    let auth = auth();
    let layer = || auth.layer().role("admin");
    let router = AuthRouter::new()
        .route_service("/service", layer(), any(async |_: axum::body::Bytes| {}))
        .nest_router("/nested", layer(), Router::new().route("/", any(async |_: axum::body::Bytes| {})));
    let router = finished(router, &auth);
    for path in ["/service", "/nested"] {
        for (token, status) in [(None, 401), (Some(token(&[])), 403)] {
            let body = axum::body::Body::new(Unread);
            let request = crate::support::request(Method::POST, path, token.as_deref(), body);
            assert_eq!(super::send(&router, request).await.status.as_u16(), status, "{path}");
        }
    }
}

#[tokio::test]
async fn an_unguarded_service_says_why() {
    let auth = auth();
    let router =
        AuthRouter::new().route_service("/robots.txt", Unguarded("crawlers do not sign in"), get(secret));
    let expected = row("* /robots.txt", "public: crawlers do not sign in", DeclaredWhere::Nowhere);
    assert_eq!(rows(&router), [expected]);
    assert_eq!(statuses(&finished(router, &auth), Method::GET, "/robots.txt").await, [200, 200, 200]);
}

/// Row 55.
#[tokio::test]
async fn static_files_are_guarded_with_everything_below() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/report.txt"), "for members").unwrap();
    fs::write(folder.path().join("index.html"), "start").unwrap();
    let auth = auth();
    let files = ServeDir::new(folder.path());
    let router = AuthRouter::new().nest_service("/files", auth.layer().role("admin"), files);
    assert_eq!(rows(&router), [row("* /files/{*path}", "role `admin`", DeclaredWhere::Router)]);
    let router = finished(router, &auth);
    for path in ["/files/", "/files/deep/report.txt", "/files/index.html"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 200], "{path}");
    }
    // Anonymous callers do not learn which files exist.
    assert_eq!(statuses(&router, Method::GET, "/files/nothing").await, [401, 403, 404]);
    assert_eq!(statuses(&router, Method::GET, "/files/..%2f..%2fetc/passwd").await, [401, 403, 404]);
    let answer = ask(&router, Method::GET, "/files/deep/report.txt", Some(&token(&[Role::Admin]))).await;
    assert_eq!(answer.body, "for members");
}

/// Row 55: a nested router is guarded with its fallback and its own 405, and has the state.
#[tokio::test]
async fn a_nested_router_of_axum_is_guarded_as_a_whole() {
    let auth = auth();
    let legacy = Router::new()
        .route("/", get(secret))
        .route("/reports", get(secret))
        .fallback(async || (StatusCode::NOT_FOUND, "secret"));
    let router = AuthRouter::new().nest_router("/legacy", auth.layer().role("admin"), legacy);
    assert_eq!(rows(&router), [row("* /legacy/{*path}", "role `admin`", DeclaredWhere::Router)]);
    let router = finished(router, &auth);
    for path in ["/legacy", "/legacy/reports"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 200], "{path}");
    }
    assert_eq!(statuses(&router, Method::POST, "/legacy/reports").await, [401, 403, 405]);
    assert_eq!(statuses(&router, Method::GET, "/legacy/nothing").await, [401, 403, 404]);
    assert_eq!(statuses(&router, Method::GET, "/nothing").await, [404, 404, 404]);
}

#[test]
fn unlisted_routes_have_one_row() {
    let plain = || Router::<()>::new().route("/a", get(secret)).route("/b", get(secret));
    let router = AuthRouter::<()>::new().unguarded("scraped from inside", plain());
    let what = "* routes of a router that keeps them to itself";
    let unguarded = DeclaredWhere::Nowhere;
    assert_eq!(rows(&router), [row(what, "public: scraped from inside", unguarded)]);
    let router = AuthRouter::<()>::new().nest("/v1", AuthRouter::new().nest("/metrics", router));
    assert_eq!(
        rows(&router),
        [row(&format!("{what}, below /v1/metrics"), "public: scraped from inside", unguarded)]
    );
}

/// As the rustdoc of `nest_router` says.
#[tokio::test]
async fn unanswered_requests_of_a_nested_router_go_to_the_outer_fallback() {
    let auth = auth();
    let served = |nested: Router<_>| {
        let nested = AuthRouter::new().nest_router("/admin", auth.layer().role("admin"), nested);
        finished(nested.fallback_service(Unguarded("the page of the application"), any(secret)), &auth)
    };
    let routes = || Router::new().route("/a", get(secret));
    let router = served(routes());
    assert_eq!(statuses(&router, Method::GET, "/admin/a").await, [401, 403, 200]);
    assert_eq!(statuses(&router, Method::GET, "/admin/b").await, [200, 200, 200]);
    let router = served(routes().fallback(not_allowed));
    for path in ["/admin", "/admin/b", "/admin/a/"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [401, 403, 418], "{path}");
    }
    for path in ["/admin/", "/b"] {
        assert_eq!(statuses(&router, Method::GET, path).await, [200, 200, 200], "{path}");
    }
}

/// Row 53.
#[tokio::test]
async fn trace_reaches_no_service_whatever_the_access() {
    let auth = auth();
    let router = || Router::new().route("/", any(not_allowed)).fallback(not_allowed);
    let router = AuthRouter::new()
        .route_service("/open", Unguarded("for this test"), any(not_allowed))
        .route_service("/guarded", auth.layer(), any(not_allowed))
        .nest_service("/files", Unguarded("for this test"), any(not_allowed))
        .nest_router("/nested", Unguarded("for this test"), router())
        .unguarded("for this test", Router::new().route("/legacy", any(not_allowed)))
        .fallback_service(Unguarded("for this test"), any(not_allowed));
    let router = finished(router, &auth);
    for path in ["/open", "/guarded", "/files/a", "/nested", "/nested/a", "/legacy", "/anything"] {
        assert_eq!(statuses(&router, Method::TRACE, path).await, [405, 405, 405], "{path}");
        let answer = ask(&router, Method::TRACE, path, Some(&token(&[]))).await;
        assert!(answer.body.is_empty(), "{path}");
        assert!(!answer.headers["allow"].to_str().unwrap().contains("TRACE"), "{path}");
        let reached = if path == "/guarded" { [401, 418, 418] } else { [418, 418, 418] };
        assert_eq!(statuses(&router, Method::OPTIONS, path).await, reached, "{path}");
    }
}

/// Row 55.
#[tokio::test]
async fn a_web_socket_opens_only_with_its_access() {
    #[authenticated]
    #[utoipa::path(get, path = "/socket", responses((status = 101)))]
    async fn socket(user: User, upgrade: WebSocketUpgrade) -> axum::response::Response {
        assert_eq!(user.id, 7);
        upgrade.on_upgrade(|_| async {})
    }

    let auth = auth();
    let upgrade = get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(|_| async {}));
    let router = AuthRouter::new().routes(routes!(socket)).route_service(
        "/service",
        auth.layer().role("admin"),
        upgrade,
    );
    let server = Server::start(finished(router, &auth)).await;
    let handshake = |path: &str, roles: Option<&[Role]>| {
        let authorization = roles.map(|roles| format!("Authorization: Bearer {}\r\n", token(roles)));
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            authorization.unwrap_or_default()
        )
    };
    for (path, roles, status) in [
        ("/socket", None, 401),
        ("/socket", Some(&[][..]), 101),
        ("/service", None, 401),
        ("/service", Some(&[Role::Member]), 403),
        ("/service", Some(&[Role::Admin]), 101),
    ] {
        assert_eq!(server.status(handshake(path, roles).as_bytes()).await, Some(status), "{path} {roles:?}");
    }
}

#[test]
fn a_reason_is_not_empty() {
    for message in [
        panic_of(|| AuthRouter::<()>::new().route_service("/a", Unguarded(" "), get(secret))),
        panic_of(|| AuthRouter::<()>::new().nest_router("/a", Unguarded(""), Router::new())),
        panic_of(|| AuthRouter::<()>::new().fallback_service(Unguarded(""), get(secret))),
        panic_of(|| AuthRouter::<()>::new().openapi_json("/a", Unguarded(""))),
    ] {
        assert_eq!(message, "`Unguarded` needs a reason: say why everybody may");
    }
}
