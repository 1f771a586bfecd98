//! Sign in, call guarded routes, refresh, list and revoke sessions, in a Cloudflare Worker with sessions in Durable Objects.
//!
//! `wrangler.toml` has what a deployment needs. `tests/worker` builds it and drives it under miniflare, without an account.

use std::error::Error;
use std::sync::OnceLock;

use axum::extract::State;
use axum::{Json, Router};
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthRejection, AuthRouter, AuthState, ProblemDetails, SessionClaims, SignIn, TokenPair, Unguarded,
    authenticated, public, routes,
};
// Its object is exported by linking the crate.
use countersign_workers::{DurableObjectStore, EndedCache, Kv};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tower::ServiceExt as _;
use utoipa::ToSchema;
use worker::{Context, Env, HttpRequest, event};

/// The signed-in user, as the access token carries them.
#[derive(SessionClaims, Serialize, ToSchema, Clone)]
struct User {
    #[claims(subject)]
    name: String,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    password: String,
}

#[derive(Deserialize, ToSchema)]
struct Credentials {
    name: String,
    password: String,
}

/// Sign in with name and password
#[public(reason = "the password is the credential")]
#[utoipa::path(post, path = "/login", tag = "sign-in", request_body = Credentials, responses(
    (status = 200, body = TokenPair), (status = 401, description = "Name or password is wrong", body = ProblemDetails)
))]
async fn login(
    State(state): State<AppState>,
    sign_in: SignIn<User>,
    Json(credentials): Json<Credentials>,
) -> Result<TokenPair, AuthRejection> {
    let same = state.password.as_bytes().ct_eq(credentials.password.as_bytes());
    let is_known = bool::from(same) && credentials.name.starts_with("ada");
    let user = is_known.then_some(User { name: credentials.name });
    let user = user.ok_or_else(|| sign_in.refused("wrong_password"))?;
    Ok(sign_in.tokens(&user).await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", tag = "users", responses((status = 200, body = User)))]
async fn me(user: User) -> Json<User> {
    Json(user)
}

/// Who am I, as of now?
///
/// The session is looked up, so a sign-out ends this at once.
#[authenticated(live)]
#[utoipa::path(get, path = "/me/now", tag = "users", responses((status = 200, body = User)))]
async fn me_now(user: User) -> Json<User> {
    Json(user)
}

fn app(env: &Env) -> Result<Router, Box<dyn Error>> {
    let secret = |name: &str| env.secret(name).map(|secret| secret.to_string());
    let sessions = DurableObjectStore::new(env.durable_object("SESSIONS")?);
    let auth = Auth::builder()
        .access_key(Key::from_secret(Algorithm::Hs256, secret("ACCESS_SECRET")?)?)
        .refresh_key(Key::from_secret(Algorithm::Hs256, secret("REFRESH_SECRET")?)?)
        .issuer("https://worker.test")
        .audience("https://worker.test")
        .store(EndedCache::new(sessions, Kv::new(env.kv("ENDED")?)))
        .claims_source(async |name| Ok(Some(User { name })))
        .build()?;
    let router = AuthRouter::new()
        .routes(routes!(login, me, me_now))
        .routes(auth.routes())
        .openapi_json("/openapi.json", Unguarded("the document of an example is no secret"))
        .with_state(AppState { auth, password: secret("PASSWORD")? });
    Ok(router.into())
}

/// Made by the first request to the isolate, and used by the others.
static APP: OnceLock<Router> = OnceLock::new();

#[event(fetch)]
async fn fetch(
    request: HttpRequest,
    env: Env,
    _context: Context,
) -> worker::Result<axum::response::Response> {
    let router = match APP.get() {
        Some(router) => router,
        None => {
            let router = app(&env).map_err(|error| worker::Error::RustError(error.to_string()))?;
            APP.get_or_init(|| router)
        }
    };
    let response = router.clone().oneshot(request).await;
    Ok(response.unwrap_or_else(|never| match never {}))
}
