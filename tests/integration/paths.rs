//! Variants of a path that another part of a system might read as a different path. Each is 400, 404 or guarded, and never reaches the
//! handler without its check. The requests are raw bytes over TCP, since `http::Uri` refuses some of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn;
use axum::routing::any;
use countersign::{Auth, AuthRouter, AuthState, Unguarded, fallback, public, require_role, routes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::routers::{auth, token};
use crate::support::{Role, User};

/// A server on a port of its own.
pub(crate) struct Server {
    address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, task: tokio::spawn(async { axum::serve(listener, router).await.unwrap() }) }
    }

    /// The status of the answer to these bytes, if there is one.
    pub(crate) async fn status(&self, request: &[u8]) -> Option<u16> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => return None,
            }
        }
        let line = String::from_utf8(answer).unwrap();
        Some(line.split(' ').nth(1).unwrap().parse().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(AuthState, Clone)]
struct Watched {
    #[auth]
    auth: Auth<User>,
    reached: Arc<AtomicBool>,
}

#[require_role("admin")]
#[utoipa::path(get, path = "/admin")]
async fn admin(State(state): State<Watched>) {
    state.reached.store(true, Ordering::SeqCst);
}

#[require_role("admin")]
#[utoipa::path(get, path = "/admin/{name}")]
async fn named(State(state): State<Watched>) {
    state.reached.store(true, Ordering::SeqCst);
}

#[public(reason = "a neighbour that everybody may reach")]
#[utoipa::path(get, path = "/a/{name}")]
async fn neighbour() {}

#[require_role("admin")]
async fn other(State(state): State<Watched>) {
    state.reached.store(true, Ordering::SeqCst);
}

/// Variants of the path `/admin` of a router.
const VARIANTS: [&str; 40] = [
    "/admin",
    "//admin",
    "///admin",
    "/admin/",
    "/admin//",
    "/ADMIN",
    "/Admin",
    "/%61dmin",
    "/%61%64%6d%69%6e",
    "/%2561dmin",
    "/admin%2f",
    "/admin%2F",
    "/%2fadmin",
    "/%2Fadmin",
    "/admin%5c",
    "/\\admin",
    "/admin\\",
    "/a/%2e%2e/admin",
    "/a/%2E%2E/admin",
    "/a/../admin",
    "/a/..%2fadmin",
    "/a/..;/admin",
    "/a/.%2e/admin",
    "/a%2f..%2fadmin",
    "/../admin",
    "/admin;x",
    "/admin;x=y",
    "/;/admin",
    "/admin?x",
    "/admin?",
    "/admin?/../a/b",
    "/admin#x",
    "/admin%00",
    "/admin%00.css",
    "/./admin",
    "/%2e/admin",
    "/admin/.",
    "/admin/..",
    "/admin%20",
    "/admin%0a",
];

/// The request lines of all variants, and lines with methods that the route does not have or with odd forms of the target.
fn targets(prefix: &str) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for variant in VARIANTS {
        for line in [
            format!("GET {prefix}{variant} HTTP/1.1"),
            format!("HEAD {prefix}{variant} HTTP/1.1"),
            format!("GET http://localhost{prefix}{variant} HTTP/1.1"),
            format!("GET HTTP://elsewhere.test:80{prefix}{variant} HTTP/1.1"),
        ] {
            lines.push(line.into_bytes());
        }
    }
    for line in [
        format!("CONNECT localhost{prefix}/admin HTTP/1.1"),
        "CONNECT localhost:80 HTTP/1.1".to_owned(),
        "OPTIONS * HTTP/1.1".to_owned(),
        format!("OPTIONS {prefix}/admin HTTP/1.1"),
        format!("TRACE {prefix}/admin HTTP/1.1"),
        format!("GET {} HTTP/1.1", prefix.trim_start_matches('/').to_owned() + "admin"),
        format!("GET {prefix}/admin HTTP/1.0"),
        format!("get {prefix}/admin HTTP/1.1"),
    ] {
        lines.push(line.into_bytes());
    }
    for raw in [&b"\x00"[..], b"\x7f", b"\xff", b"\xc0\xae", b"\t", b" "] {
        lines.push([b"GET ", prefix.as_bytes(), b"/admin", raw, b" HTTP/1.1"].concat());
        lines.push([b"GET ", prefix.as_bytes(), b"/", raw, b"admin HTTP/1.1"].concat());
    }
    lines
}

/// Sends every variant without a token and with that of a member; the handler runs for neither, and every success is the neighbour's.
async fn hold(prefix: &str, build: impl FnOnce(&Watched) -> AuthRouter<Watched>) {
    let state = Watched { auth: auth(), reached: Arc::default() };
    let router = build(&state).routes(routes!(neighbour)).with_state::<()>(state.clone());
    let server = Server::start(router.into()).await;
    let member = format!("Authorization: Bearer {}\r\n", token(&[Role::Member]));
    for line in targets(prefix) {
        for credentials in ["", &*member] {
            let head = format!("\r\nHost: localhost\r\nConnection: close\r\n{credentials}\r\n");
            let status = server.status(&[&line[..], head.as_bytes()].concat()).await;
            let shown = String::from_utf8_lossy(&line);
            let refusal = if credentials.is_empty() { 401 } else { 403 };
            assert!(!state.reached.load(Ordering::SeqCst), "{shown}: the handler ran");
            // With an encoded slash it is one segment, and the neighbour's.
            if shown.contains("/a/..%2fadmin") && prefix.is_empty() && status == Some(200) {
                continue;
            }
            assert!(
                status.is_none_or(|status| [400, 404, 405, refusal].contains(&status)),
                "{shown}: {status:?}"
            );
        }
    }
    let admin = format!("Authorization: Bearer {}\r\n", token(&[Role::Admin]));
    let request =
        format!("GET {prefix}/admin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{admin}\r\n");
    assert_eq!(server.status(request.as_bytes()).await, Some(200));
    assert!(state.reached.load(Ordering::SeqCst), "the variants were sent past the handler");
}

/// Row 54.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_handler_unchecked() {
    hold("", |_| AuthRouter::new().routes(routes!(admin, named))).await;
}

/// Row 54.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_nested_handler_unchecked() {
    hold("/api", |_| AuthRouter::new().nest("/api", AuthRouter::new().routes(routes!(admin, named)))).await;
}

/// Row 54: a guard is around every route, so no path leads past it.
#[tokio::test]
async fn no_variant_of_a_path_leads_past_a_guard() {
    hold("/api", |state| {
        let reached = Arc::clone(&state.reached);
        let unchecked = any(async move || reached.store(true, Ordering::SeqCst));
        let inner = AuthRouter::new()
            .route_service("/admin", state.auth.layer(), unchecked.clone())
            .route_service("/admin/{*rest}", state.auth.layer(), unchecked)
            .guard(state.auth.layer().role("admin"));
        AuthRouter::new().nest("/api", inner)
    })
    .await;
}

/// Row 54.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_handler_behind_a_layer_unchecked() {
    hold("", |_| {
        let through = from_fn(async |request: Request, next: axum::middleware::Next| next.run(request).await);
        AuthRouter::new().routes(routes!(admin, named)).layer(through.clone()).route_layer(through)
    })
    .await;
}

/// Row 54.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_service_unchecked() {
    hold("/files", |state| {
        let reached = Arc::clone(&state.reached);
        let files = any(async move || reached.store(true, Ordering::SeqCst));
        AuthRouter::new().nest_service("/files", state.auth.layer().role("admin"), files)
    })
    .await;
}

/// Row 54.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_nested_router_of_axum_unchecked() {
    hold("/legacy", |state| {
        let reached = Arc::clone(&state.reached);
        let handler = async move || reached.store(true, Ordering::SeqCst);
        let legacy = Router::new().route("/admin", any(handler.clone())).fallback(handler);
        AuthRouter::new().nest_router("/legacy", state.auth.layer().role("admin"), legacy)
    })
    .await;
}

/// Row 54: unknown paths are guarded too.
#[tokio::test]
async fn no_variant_of_a_path_reaches_a_fallback_unchecked() {
    hold("", |_| AuthRouter::new().routes(routes!(admin)).fallback(fallback!(other))).await;
    hold("/x", |state| {
        let reached = Arc::clone(&state.reached);
        let handler = any(async move || reached.store(true, Ordering::SeqCst));
        AuthRouter::new()
            .route_service("/open", Unguarded("a neighbour that everybody may reach"), any(async || ()))
            .fallback_service(state.auth.layer().role("admin"), handler)
    })
    .await;
}
