//! Requests through a whole router.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::openapi::json::served;
use crate::session::SessionMetadata;
use crate::store::MemoryStore;
use crate::token::{Algorithm, Key};
use crate::{
    Auth, AuthRouter, SessionClaims, authenticated, public, require_role, routes, typed_refresh_handler,
};

#[derive(crate::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    Admin,
    Owner,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
}

#[derive(Clone, crate::AuthState)]
struct App {
    #[auth]
    auth: Auth<User>,
    greeting: &'static str,
}

mod admin {
    use super::*;

    /// A path role, a string role, a body that is read only for those who may send it, and a raw name.
    #[require_role(Role::Admin, "owner")]
    #[utoipa::path(post, path = "/admin/type", request_body = Value, responses((status = 200, body = Value)))]
    pub(super) async fn r#type(user: User, State(app): State<App>, Json(body): Json<Value>) -> Json<Value> {
        Json(json!([user.id, app.greeting, body]))
    }
}

#[authenticated]
#[utoipa::path(method(get, delete), path = "/me")]
async fn me(method: Method, user: User) -> String {
    format!("{method} {}", user.id)
}

#[public(reason = "health probe")]
#[utoipa::path(get, path = "")]
async fn root() -> &'static str {
    "up"
}

typed_refresh_handler!(refresh, App, path = "/auth/refresh");

fn auth() -> Auth<User> {
    Auth::builder()
        .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .store(MemoryStore::default())
        .claims_source(|id| async move { Ok(Some(user(id))) })
        .build()
        .unwrap()
}

/// User 1 is an admin, user 2 an owner, the others are members.
fn user(id: u64) -> User {
    let role = [Role::Member, Role::Admin, Role::Owner].get(id as usize).copied().unwrap_or(Role::Member);
    User { id, roles: vec![role] }
}

struct Server {
    auth: Auth<User>,
    router: Router,
}

impl Server {
    fn new() -> Self {
        Self::with(|router| router)
    }

    fn with(change: impl FnOnce(AuthRouter<App>) -> AuthRouter<App>) -> Self {
        let auth = auth();
        let router =
            change(AuthRouter::new().routes(routes!(me, root, admin::r#type)).routes(routes!(refresh,)));
        let (router, _) = router.with_state(App { auth: auth.clone(), greeting: "hello" }).split_for_parts();
        Self { auth, router }
    }

    async fn tokens(&self, id: u64) -> Value {
        let pair = self.auth.login(&user(id), SessionMetadata::default()).await.unwrap();
        serde_json::to_value(pair).unwrap()
    }

    async fn send(&self, method: Method, path: &str, signed_in: Option<u64>, body: &str) -> Response {
        let mut request = Request::new(Body::from(body.to_owned()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(id) = signed_in {
            let tokens = self.tokens(id).await;
            let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
            request.headers_mut().insert(AUTHORIZATION, bearer.parse().unwrap());
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, method: Method, path: &str, signed_in: Option<u64>, body: &str) -> StatusCode {
        self.send(method, path, signed_in, body).await.status()
    }
}

async fn text(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn any_of_the_roles_lets_in() {
    let server = Server::new();
    let response = server.send(Method::POST, "/admin/type", Some(1), "{}").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, r#"[1,"hello",{}]"#);
    assert_eq!(server.status(Method::POST, "/admin/type", Some(2), "{}").await, StatusCode::OK);
}

#[tokio::test]
async fn none_of_the_roles_is_forbidden_and_no_token_is_unauthorized() {
    let server = Server::new();
    assert_eq!(server.status(Method::POST, "/admin/type", Some(0), "{}").await, StatusCode::FORBIDDEN);
    assert_eq!(server.status(Method::POST, "/admin/type", None, "{}").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_guard_decides_before_the_body_is_parsed() {
    let server = Server::new();
    let nonsense = "not json";
    assert_eq!(server.status(Method::POST, "/admin/type", None, nonsense).await, StatusCode::UNAUTHORIZED);
    assert_eq!(server.status(Method::POST, "/admin/type", Some(0), nonsense).await, StatusCode::FORBIDDEN);
    assert_eq!(server.status(Method::POST, "/admin/type", Some(1), nonsense).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_method_of_the_document_is_guarded_and_no_other_is_there() {
    let server = Server::new();
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(server.status(method.clone(), "/me", None, "").await, StatusCode::UNAUTHORIZED);
        assert_eq!(text(server.send(method.clone(), "/me", Some(7), "").await).await, format!("{method} 7"));
    }
    assert_eq!(server.status(Method::POST, "/me", Some(7), "").await, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn each_method_of_a_handler_is_served_and_guarded() {
    #[authenticated]
    #[utoipa::path(method(get, put, post, delete, options, head, patch), path = "/all")]
    async fn all() {}
    let server = Server::with(|router| router.routes(routes!(all)));
    for method in ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"] {
        let method: Method = method.parse().unwrap();
        assert_eq!(
            server.status(method.clone(), "/all", None, "").await,
            StatusCode::UNAUTHORIZED,
            "{method}"
        );
        assert_eq!(server.status(method.clone(), "/all", Some(7), "").await, StatusCode::OK, "{method}");
    }
    for method in [Method::CONNECT, Method::TRACE] {
        assert_eq!(server.status(method, "/all", Some(7), "").await, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn a_public_handler_does_not_look_at_credentials() {
    let server = Server::new();
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer nonsense"));
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(text(response).await, "up");
}

#[tokio::test]
async fn a_refresh_handler_exchanges_tokens() {
    let server = Server::new();
    let token = server.tokens(1).await["refresh_token"].clone();
    let body = json!({ "refresh_token": token }).to_string();
    let response = server.send(Method::POST, "/auth/refresh", None, &body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let pair: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(pair["token_type"], "Bearer");
    let response = server.send(Method::POST, "/auth/refresh", None, r#"{"refresh_token":"x"}"#).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nested_routes_stay_guarded() {
    let server = Server::with(|router| AuthRouter::new().nest("/api", router));
    assert_eq!(server.status(Method::GET, "/api/me", None, "").await, StatusCode::UNAUTHORIZED);
    assert_eq!(server.status(Method::GET, "/api/me", Some(1), "").await, StatusCode::OK);
    assert_eq!(server.status(Method::GET, "/me", Some(1), "").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn layers_run_around_routes() {
    async fn teapot() -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }
    let answer =
        || middleware::from_fn(async |_: axum::extract::Request, _: middleware::Next| teapot().await);
    let server = Server::with(|router| router.layer(answer()));
    assert_eq!(server.status(Method::GET, "/nowhere", None, "").await, StatusCode::IM_A_TEAPOT);
    let server = Server::with(|router| router.route_layer(answer()));
    assert_eq!(server.status(Method::GET, "/me", None, "").await, StatusCode::IM_A_TEAPOT);
    assert_eq!(server.status(Method::GET, "/nowhere", None, "").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn unguarded_routes_are_served_and_not_documented() {
    let legacy = Router::new().route("/legacy", get(async || "old"));
    let router = AuthRouter::<()>::new().unguarded("served by the old application", legacy);
    assert!(router.openapi().paths.paths.is_empty());
    let response = router.split_for_parts().0.oneshot(get_request("/legacy")).await.unwrap();
    assert_eq!(text(response).await, "old");
}

#[test]
#[should_panic = "needs a reason"]
fn unguarded_routes_have_a_reason() {
    let _ = AuthRouter::<()>::new().unguarded(" ", Router::new());
}

fn get_request(path: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn the_document_is_served_and_a_client_that_has_it_gets_304() {
    let api = AuthRouter::new().routes(routes!(root)).with_state::<()>(()).into_openapi();
    let router: Router = served(true, "/openapi.json", &api);
    let response = router.clone().oneshot(get_request("/openapi.json")).await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let tag = response.headers()[ETAG].clone();
    let document: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(document["paths"]["/"]["get"]["operationId"], "root");

    for (known, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("\"a\", {}", tag.to_str().unwrap()).parse().unwrap(), StatusCode::NOT_MODIFIED),
        (HeaderValue::from_static("*"), StatusCode::NOT_MODIFIED),
        (HeaderValue::from_static("\"another\""), StatusCode::OK),
    ] {
        let mut request = get_request("/openapi.json");
        request.headers_mut().insert(IF_NONE_MATCH, known);
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), status);
    }
}

/// Row 144: no access is declared for it.
#[tokio::test]
async fn the_document_without_an_access_is_not_served_in_a_release_build() {
    let api = AuthRouter::<()>::new().into_openapi();
    for (debug, status) in [(true, StatusCode::OK), (false, StatusCode::NOT_FOUND)] {
        let router: Router = served(debug, "/openapi.json", &api);
        assert_eq!(router.oneshot(get_request("/openapi.json")).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn attributes_work_inside_a_function() {
    #[require_role("admin")]
    #[utoipa::path(get, path = "/local")]
    async fn local() -> &'static str {
        "local"
    }
    #[authenticated]
    async fn undocumented() {}

    let auth = auth();
    let _ = undocumented;
    let (router, _) = AuthRouter::new().routes(routes!(local)).with_state::<()>(auth).split_for_parts();
    let response = router.oneshot(get_request("/local")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

/// A library can offer routes for whatever state an application has.
#[tokio::test]
async fn routes_can_be_made_for_any_state_with_the_claims() {
    fn offered<S>() -> AuthRouter<S>
    where
        S: crate::AuthState<Claims = User> + Clone + 'static,
    {
        #[require_role("admin")]
        #[utoipa::path(get, path = "/offered")]
        async fn offered(user: User) -> String {
            user.id.to_string()
        }
        AuthRouter::new().routes(routes!(me, offered))
    }

    let (router, _) = offered().with_state::<()>(auth()).split_for_parts();
    let response = router.oneshot(get_request("/offered")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}
