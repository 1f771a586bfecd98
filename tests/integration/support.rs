//! One application for every topic: handlers, state, forged tokens, requests in process.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, State};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::testing::TestClock;
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthBuilder, AuthRouter, AuthState, Role, Session, SessionClaims, TokenPair, authenticated, public,
    require_role, routes, typed_refresh_handler,
};
use http_body_util::BodyExt as _;
use jsonwebtoken::{EncodingKey, Header};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utoipa::ToSchema;

use self::documented::assert_documented;

#[path = "documented.rs"]
mod documented;

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "https://api.test";
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) const ACCESS_SECRET: &[u8] = b"HyuBW-B5chk8ePuE222D95FjyG4zNsQm1RkhLIpdN0_Xt3QQ";
pub(crate) const REFRESH_SECRET: &[u8] = b"pwhFMFO64W0D6qUzgN8Uz-bgvAoIT4bbIDR9EFTmoyCSPC3M";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Member,
    #[role(implies(Member))]
    Editor,
    #[role(implies(Editor))]
    Admin,
    Support,
}

thread_local! {
    /// How often claims were read from a token. Each test has a thread of its own.
    pub(crate) static VERIFICATIONS: Cell<usize> = const { Cell::new(0) };
}

fn counted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    VERIFICATIONS.set(VERIFICATIONS.get() + 1);
    String::deserialize(deserializer)
}

#[derive(SessionClaims, Serialize, ToSchema, Clone, Debug, PartialEq)]
pub(crate) struct User {
    #[claims(subject)]
    pub(crate) id: u64,
    #[claims(roles)]
    pub(crate) roles: Vec<Role>,
    #[claims(scopes)]
    pub(crate) scopes: Vec<String>,
    #[serde(deserialize_with = "counted")]
    pub(crate) name: String,
}

impl User {
    pub(crate) fn with(roles: &[Role]) -> Self {
        Self { id: 7, roles: roles.to_vec(), scopes: Vec::new(), name: "Max \"Q\" Müller\n".to_owned() }
    }
}

#[derive(AuthState, Clone)]
pub(crate) struct AppState {
    #[auth]
    pub(crate) auth: Auth<User>,
    pub(crate) handler_ran: Arc<AtomicBool>,
}

/// The signed-in user
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = User)))]
async fn me(State(state): State<AppState>, user: User) -> Json<User> {
    state.handler_ran.store(true, Ordering::SeqCst);
    Json(user)
}

/// For administrators
#[require_role("admin")]
#[utoipa::path(get, path = "/admin", responses((status = 200)))]
async fn admin(State(state): State<AppState>) -> StatusCode {
    state.handler_ran.store(true, Ordering::SeqCst);
    StatusCode::OK
}

/// For editors and those above them, or support
#[require_role(Role::Editor, "support")]
#[utoipa::path(post, path = "/posts", request_body = Value, responses((status = 201)))]
async fn post(
    State(state): State<AppState>,
    user: User,
    session: Session<User>,
    again: Option<User>,
    Json(_): Json<Value>,
) -> StatusCode {
    assert_eq!(Some(&user), again.as_ref());
    assert_eq!(session.claims(), &user);
    state.handler_ran.store(true, Ordering::SeqCst);
    StatusCode::CREATED
}

/// Anybody, greeted by name if signed in
#[utoipa::path(get, path = "/greeting", responses((status = 200)))]
async fn greeting(user: Option<User>) -> String {
    user.map_or_else(|| "hello".to_owned(), |user| format!("hello {}", user.name))
}

/// Is the service up?
#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health", responses((status = 200)))]
async fn health() -> &'static str {
    "ok"
}

typed_refresh_handler!(refresh, AppState);

/// An application with its state and clock.
pub(crate) struct App {
    pub(crate) auth: Auth<User>,
    pub(crate) clock: TestClock,
    pub(crate) router: Router,
    pub(crate) api: utoipa::openapi::OpenApi,
    pub(crate) handler_ran: Arc<AtomicBool>,
}

pub(crate) fn key(secret: &[u8]) -> Key {
    Key::from_secret(Algorithm::Hs256, secret).unwrap().with_kid("k1").unwrap()
}

/// A builder with every required setting; tests change the settings that they are about.
pub(crate) fn builder(clock: &TestClock) -> AuthBuilder<User> {
    Auth::builder()
        .access_key(key(ACCESS_SECRET))
        .refresh_key(key(REFRESH_SECRET))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::new())
        .claims_source(|id| async move { Ok(Some(User { id, ..User::with(&[Role::Member]) })) })
        .clock(clock.clone())
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Self {
        Self::build_with(configure, |router| router)
    }

    /// With further routes.
    pub(crate) fn routed(extend: impl FnOnce(AuthRouter<AppState>) -> AuthRouter<AppState>) -> Self {
        Self::build_with(|builder| builder, extend)
    }

    /// With further settings and routes.
    pub(crate) fn build_with(
        configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>,
        extend: impl FnOnce(AuthRouter<AppState>) -> AuthRouter<AppState>,
    ) -> Self {
        let clock = TestClock::at(NOW);
        let auth = configure(builder(&clock)).build().unwrap();
        let handler_ran = Arc::new(AtomicBool::new(false));
        let state = AppState { auth: auth.clone(), handler_ran: Arc::clone(&handler_ran) };
        let router = AuthRouter::new()
            .routes(routes!(me))
            .routes(routes!(admin))
            .routes(routes!(post))
            .routes(routes!(greeting))
            .routes(routes!(health))
            .routes(routes!(refresh));
        let (router, api) = extend(router).with_state(state).split_for_parts();
        Self { auth, clock, router, api, handler_ran }
    }

    pub(crate) async fn login(&self, roles: &[Role]) -> TokenPair {
        self.auth.login(&User::with(roles), SessionMetadata::default()).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = Answer::read(self.router.clone().oneshot(request).await.unwrap()).await;
        assert_documented(&self.api, &method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(request(Method::GET, path, token, Body::empty())).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        let body = json!({ "refresh_token": refresh_token }).to_string();
        self.send(request(Method::POST, "/refresh", None, Body::from(body))).await
    }

    /// Whether a guarded handler ran since the last call.
    pub(crate) fn handler_ran(&self) -> bool {
        self.handler_ran.swap(false, Ordering::SeqCst)
    }
}

pub(crate) fn request(method: Method, path: &str, token: Option<&str>, body: Body) -> Request<Body> {
    let mut request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(body).unwrap()
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {:?}", self.body)).to_owned()
    }

    /// Asserts a refusal with this status and code and a complete problem body.
    #[track_caller]
    pub(crate) fn refused(&self, status: StatusCode, code: &str) {
        self.refused_as("application/problem+json", status, code);
    }

    /// Asserts a refusal of a form by an endpoint that speaks OAuth.
    #[track_caller]
    pub(crate) fn refused_in_oauth(&self, status: StatusCode, code: &str) {
        self.refused_as("application/json", status, code);
        assert!(self.json()["error"].is_string());
    }

    #[track_caller]
    fn refused_as(&self, media_type: &str, status: StatusCode, code: &str) {
        assert_eq!((self.status, self.text("code").as_str()), (status, code));
        assert_eq!(self.header(header::CONTENT_TYPE), Some(media_type));
        assert_eq!(self.json()["status"], status.as_u16());
        assert!(self.json()["type"].is_string() && self.json()["title"].is_string());
    }
}

/// The session of a request with this access token.
pub(crate) async fn session_of(auth: &Auth<User>, access_token: &str) -> Session<User> {
    let request = request(Method::GET, "/", Some(access_token), Body::empty());
    let (mut parts, _) = request.into_parts();
    <Session<User> as FromRequestParts<_>>::from_request_parts(&mut parts, auth).await.unwrap()
}

/// The payload of a good access token for a member, for tests to change.
pub(crate) fn payload() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "7", "client_id": AUDIENCE,
        "iat": NOW, "nbf": NOW, "exp": NOW + 900, "auth_time": NOW,
        "jti": "token-1", "sid": "AAAAAAAAAAAAAAAAAAAAAA",
        "roles": ["member"], "scope": "", "name": "max",
    })
}

pub(crate) fn access_header() -> Header {
    let mut header = Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some("k1".to_owned());
    header
}

/// Signs any payload with the access key, as only the server can.
pub(crate) fn forge(payload: &Value) -> String {
    forge_with(&access_header(), payload, ACCESS_SECRET)
}

/// Signs any payload under any header with any secret.
pub(crate) fn forge_with(header: &Header, payload: &Value, secret: &[u8]) -> String {
    install_provider();
    jsonwebtoken::encode(header, payload, &EncodingKey::from_secret(secret)).unwrap()
}

/// With both back ends compiled in, jsonwebtoken has none until one is installed, which making a key does.
pub(crate) fn install_provider() {
    key(ACCESS_SECRET);
}

/// `payload` with one member changed.
pub(crate) fn payload_with(member: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[member] = value;
    payload
}

/// `payload` without one member.
pub(crate) fn payload_without(member: &str) -> Value {
    let mut payload = payload();
    payload.as_object_mut().unwrap().remove(member).unwrap();
    payload
}

/// Signs a payload given as text, which may be anything.
pub(crate) fn forge_text(payload: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = serde_json::to_vec(&access_header()).unwrap();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    install_provider();
    let key = EncodingKey::from_secret(ACCESS_SECRET);
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// The payload of a token, unverified.
pub(crate) fn payload_of(token: &str) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
