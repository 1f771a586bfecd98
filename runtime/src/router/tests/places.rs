//! Handlers that are in no document: served, listed and probed, with the feature `openapi` and without.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, Request, StatusCode};
use tower::ServiceExt as _;

use super::{App, Role, User, user};
use crate::testing::{AccessProbe, TestAuth};
use crate::{
    Auth, AuthRouter, Endpoint, SignIn, assert_access_matrix, authenticated, fallback, public, require_role,
    routes, typed_refresh_handler,
};

#[public(reason = "the form to sign in with")]
async fn login_form() -> &'static str {
    "<form>"
}

#[public(reason = "the password is the credential")]
async fn login(_: SignIn<User>) {}

#[authenticated]
async fn me(user: User) -> String {
    format!("{} {:?}", user.id, user.roles)
}

/// Declared by its first argument.
async fn profile(user: User) -> String {
    user.id.to_string()
}

#[require_role("admin")]
async fn rename(Path(_): Path<u64>, State(_): State<App>, body: String) -> String {
    body
}

#[require_role("member")]
async fn socket(method: Method) -> String {
    method.to_string()
}

#[require_role("member")]
async fn files(Path(path): Path<String>) -> String {
    path
}

#[authenticated]
async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}

typed_refresh_handler!(refresh, App);

fn router(auth: &Auth<User>) -> AuthRouter<App> {
    places().routes(auth.routes().only([Endpoint::Logout, Endpoint::Sessions]).nest("/auth"))
}

fn places() -> AuthRouter<App> {
    AuthRouter::new()
        .routes(routes!(GET "/login" => login_form, POST "/login" => login, POST "/refresh" => refresh))
        .routes(routes!(GET "/me" => me, GET | HEAD "/profile" => profile))
        .routes(routes!(PUT | PATCH "/members/{id}" => rename))
        .routes(routes!(GET | CONNECT "/socket" => socket, ANY "/echo" => socket))
        .routes(routes!(GET "/files/{*path}" => files))
        .fallback(fallback!(not_found))
}

fn auth() -> TestAuth<User> {
    TestAuth::new()
}

async fn status(router: &Router, method: &Method, path: &str, token: Option<&str>) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

/// The answers to an anonymous caller, a member and an administrator.
async fn statuses(method: &Method, path: &str) -> [u16; 3] {
    let auth = auth();
    let router = Router::from(router(&auth).with_state((*auth).clone()));
    let (member, admin) = (auth.token(&user(&[Role::Member])).await, auth.token(&user(&[Role::Admin])).await);
    let mut statuses = [0; 3];
    for (answer, token) in statuses.iter_mut().zip([None, Some(&*member), Some(&*admin)]) {
        *answer = status(&router, method, path, token).await.as_u16();
    }
    statuses
}

#[tokio::test]
async fn a_handler_without_a_document_is_served_and_guarded_like_any_other() {
    for (method, path, expected) in [
        (Method::GET, "/login", [200, 200, 200]),
        (Method::POST, "/login", [200, 200, 200]),
        (Method::PUT, "/login", [405, 405, 405]),
        (Method::GET, "/me", [401, 200, 200]),
        (Method::GET, "/profile", [401, 200, 200]),
        (Method::HEAD, "/profile", [401, 200, 200]),
        (Method::PUT, "/members/7", [401, 403, 200]),
        (Method::PATCH, "/members/7", [401, 403, 200]),
        (Method::GET, "/socket", [401, 200, 200]),
        (Method::CONNECT, "/socket", [401, 200, 200]),
        (Method::POST, "/socket", [405, 405, 405]),
        (Method::GET, "/files/a/b", [401, 200, 200]),
        (Method::POST, "/refresh", [400, 400, 400]),
        (Method::POST, "/auth/logout", [204, 204, 204]),
        (Method::GET, "/auth/sessions", [401, 200, 200]),
        (Method::GET, "/nowhere", [401, 404, 404]),
    ] {
        assert_eq!(statuses(&method, path).await, expected, "{method} {path}");
    }
}

/// WebSockets over HTTP/2 come with CONNECT (RFC 8441 section 4), so a handler for any method has to answer it.
#[tokio::test]
async fn a_handler_for_any_method_answers_all_but_trace() {
    for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "PURGE"] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        assert_eq!(statuses(&method, "/echo").await, [401, 200, 200], "{name}");
    }
    assert_eq!(statuses(&Method::TRACE, "/echo").await, [405, 405, 405]);
}

#[test]
fn every_place_has_its_row() {
    assert_access_matrix!(places().access_matrix(), "src/router/tests/places.md");
}

#[tokio::test]
async fn the_probe_asks_every_place() {
    let auth = auth();
    let router = router(&auth).with_state((*auth).clone());
    let probe = AccessProbe::new(router, &auth).claims(user(&[])).param("id", "7").param("path", "a");
    let report = probe.run().await;
    report.assert_no_gaps();
    for asked in ["GET /login", "PATCH /members/{id}", "CONNECT /socket", "* /echo", "GET /auth/sessions"] {
        let words: Vec<_> = asked.split(' ').collect();
        let report = report.to_string();
        let is_asked = |line: &str| line.split_whitespace().take(2).eq(words.iter().copied());
        assert!(report.lines().any(is_asked), "{asked}: {report}");
    }
}

/// axum answers plain braces, and not their percent-encoded form.
#[tokio::test]
async fn the_probe_asks_a_path_with_literal_braces() {
    let auth = auth();
    let router = AuthRouter::new().routes(routes!(GET "/{{draft}}/{id}" => me)).with_state((*auth).clone());
    let report = AccessProbe::new(router, &auth).claims(user(&[])).run().await;
    report.assert_no_gaps();
}

/// Row 50: the parts of a rule, and where they come from.
#[test]
fn the_matrix_tells_the_part_of_a_guard_from_that_of_the_attribute() {
    let auth = auth();
    let inner = AuthRouter::<App>::new().routes(routes!(GET "/me" => me)).guard(auth.layer().role("admin"));
    let outer = AuthRouter::new().nest("/admin", inner).guard(auth.layer().live());
    let matrix = outer.access_matrix();
    let [row] = matrix.rows() else { panic!("{matrix}") };
    assert_eq!(row.path(), "/admin/me");
    assert_eq!(row.own_access().to_string(), "any signed-in user");
    assert_eq!(
        row.guards().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["role `admin`", "a session that has not ended"]
    );
    assert!(
        matrix.to_markdown().contains(
            "its attribute (any signed-in user), a guard (role `admin`), a guard (a session that has not ended)"
        ),
        "{matrix}"
    );
}

/// `axum::serve` takes the router, and so do its own `into_make_service`s.
#[cfg(not(target_family = "wasm"))]
#[tokio::test]
async fn the_router_is_served_as_it_is() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let auth = auth();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let router: AuthRouter = router(&auth).with_state((*auth).clone());
        axum::serve(listener, router).await
    });
    for _ in 0..2 {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET /login HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("<form>"), "{answer}");
    }
    server.abort();
}
