//! A page in a browser: the refresh token is in a cookie that no script can read, the access token in the page's memory.
//!
//! ```sh
//! cargo run -p examples --bin browser      # prints two users; open http://127.0.0.1:3000 in two tabs
//! ```
//!
//! The page's module is the package in `clients/browser`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::get;
use axum::{Json, Router};
use countersign::token::{Algorithm, Key, KeySet};
use countersign::{
    Auth, AuthEvent, AuthEventKind, AuthEvents, AuthOutcome, AuthRejection, AuthRouter, AuthState,
    CookieTokens, Cookies, ProblemDetails, SignIn, Unguarded, authenticated, public, require_role, routes,
};
use examples::{Credentials, User, Users};

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    users: Users,
    refreshes: Refreshes,
}

/// Counts refreshes, to show that two tabs cost one.
#[derive(Clone, Default)]
struct Refreshes(Arc<AtomicU64>);

impl AuthEvents for Refreshes {
    fn record(&self, event: &AuthEvent<'_>) {
        if event.kind == AuthEventKind::Refresh && event.outcome == AuthOutcome::Success {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sign in with name and password; the refresh token comes as a cookie
#[public(reason = "callers are not signed in yet")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = CookieTokens), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<CookieTokens, AuthRejection> {
    let user = state.users.authenticate(&credentials).ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.cookies(&user).await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// How often a token was refreshed
#[public(reason = "a number that tells nothing about anybody")]
#[utoipa::path(get, path = "/refreshes", tag = "keys", responses((status = 200, body = u64)))]
async fn refreshes(State(state): State<AppState>) -> Json<u64> {
    Json(state.refreshes.0.load(Ordering::Relaxed))
}

/// Sign with a new key: every access token is refused from now on, as when it has expired
#[require_role("admin")]
#[utoipa::path(post, path = "/new-key", tag = "keys", responses((status = 204)))]
async fn new_key(State(state): State<AppState>) -> Result<StatusCode, StatusCode> {
    let failed = StatusCode::INTERNAL_SERVER_ERROR;
    let key = Key::generate_secret(Algorithm::Hs256).map_err(|_| failed)?;
    let keys = KeySet::new(key).map_err(|_| failed)?;
    state.auth.replace_access_keys(keys).map_err(|_| failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The page and its modules, which are public.
fn page<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |media_type: &'static str, text: &'static str| {
        get(move || async move {
            let policy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
            ([(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, policy)], text)
        })
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("../../../clients/index.html")))
        .route("/page.js", file("text/javascript", include_str!("../../../clients/page.js")))
        .route(
            "/countersign.js",
            file("text/javascript", include_str!("../../../../clients/browser/countersign.js")),
        )
}

/// A client that is not a browser says where its request comes from.
const HINTS: &str = r#"curl {url}/login -c cookies -H 'Origin: {url}' --json '{"name":"ada","password":"{ada}"}'
curl {url}/login -c cookies -H 'Origin: {url}' --json '{"name":"max","password":"{max}"}'

Open {url} in two tabs, and {url}/scalar"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let refreshes = Refreshes::default();
    let auth = examples::auth(&users)?.cookies(Cookies::new()).events(refreshes.clone()).build()?;
    let router = AuthRouter::new()
        .routes(routes!(login, me, self::refreshes, new_key))
        .routes(auth.routes().nest("/auth"))
        .unguarded("the page itself, before anybody has signed in", page())
        .scalar("/scalar", Unguarded("the document of an example is no secret"))
        .with_state(AppState { auth, users: users.clone(), refreshes });
    examples::serve(router.into(), &users, HINTS).await
}
