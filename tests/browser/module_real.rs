//! A server with the routes that the browser module uses, for `module_real.mjs`: it holds answers back and moves its clock when told.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use countersign::testing::TestAuth;
use countersign::{
    Auth, AuthError, AuthRejection, AuthRouter, AuthState, Cookies, Reauthentication, SessionClaims, SignIn,
    TokenAnswer, authenticated, public, routes,
};
use tokio::sync::watch;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    name: String,
}

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    /// Whose page wrote what.
    diary: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Traffic {
    /// The path whose answers wait.
    held: Option<String>,
    /// How many requests each path has had.
    counts: BTreeMap<String, u64>,
}

#[derive(Clone)]
struct Gates(Arc<watch::Sender<Traffic>>);

/// Holds a decided answer back until its path is let through.
async fn hold(State(Gates(gates)): State<Gates>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let answer = next.run(request).await;
    let mut watched = gates.subscribe();
    gates.send_modify(|traffic| *traffic.counts.entry(path.clone()).or_default() += 1);
    watched.wait_for(|traffic| traffic.held.as_ref() != Some(&path)).await.unwrap();
    answer
}

/// Sign in by name alone
#[public(reason = "a test signs in without a password")]
#[utoipa::path(post, path = "/login", responses((status = 200)))]
async fn login(sign_in: SignIn<User>, name: String) -> Result<TokenAnswer, AuthError> {
    sign_in.answer(&User { name }).await
}

/// Confirm who you are
#[utoipa::path(post, path = "/confirm", responses((status = 200)))]
async fn confirm(caller: Reauthentication<User>, password: String) -> Result<TokenAnswer, AuthRejection> {
    if password != "right" {
        return Err(caller.refused("wrong_password"));
    }
    Ok(caller.answer().await?)
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200)))]
async fn me(user: User) -> String {
    user.name
}

/// Write into the diary
#[authenticated]
#[utoipa::path(post, path = "/diary", responses((status = 201)))]
async fn write(State(state): State<AppState>, user: User, text: String) -> StatusCode {
    let mut diary = state.diary.lock().unwrap_or_else(PoisonError::into_inner);
    diary.push(format!("{text} by {}", user.name));
    StatusCode::CREATED
}

/// What the script asks for beside the routes of an application.
fn controls(auth: &TestAuth<User>, gates: &Gates, diary: &Arc<Mutex<Vec<String>>>) -> Router {
    let (clock, sessions, diary) = (auth.clock().clone(), auth.clone(), Arc::clone(diary));
    let (closing, opening, counting) = (gates.clone(), gates.clone(), gates.clone());
    Router::new()
        .route(
            "/test/advance/{seconds}",
            post(async move |Path(seconds): Path<u64>| clock.advance(Duration::from_secs(seconds))),
        )
        .route(
            "/test/hold/{*path}",
            post(async move |Path(path): Path<String>| {
                closing.0.send_modify(|traffic| traffic.held = Some(format!("/{path}")))
            }),
        )
        .route("/test/release", post(async move || opening.0.send_modify(|traffic| traffic.held = None)))
        .route(
            "/test/requests/{*path}",
            get(async move |Path(path): Path<String>| {
                counting.0.borrow().counts.get(&format!("/{path}")).copied().unwrap_or_default().to_string()
            }),
        )
        .route(
            "/test/sessions/{name}",
            get(async move |Path(name): Path<String>| {
                sessions.sessions(&name).await.unwrap().len().to_string()
            }),
        )
        .route(
            "/test/diary",
            get(async move || diary.lock().unwrap_or_else(PoisonError::into_inner).join("; ")),
        )
}

fn page() -> Router {
    let text = "<!doctype html><script type=\"module\">import * as module from '/countersign.js'; Object.assign(window, module);</script>";
    let module =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../clients/browser/countersign.js"))
            .unwrap();
    let file =
        |media_type: &'static str, text: String| get(async move || ([(CONTENT_TYPE, media_type)], text));
    Router::new()
        .route("/", file("text/html", text.to_owned()))
        .route("/countersign.js", file("text/javascript", module))
}

/// Serves an application, and its page from another origin as well. Returns the addresses of both.
pub(crate) fn serve(with_access_cookie: bool) -> [String; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    // One site, so that the cookies go along, and two origins.
    let urls = [0, 1]
        .map(|index: usize| format!("http://localhost:{}", listeners[index].local_addr().unwrap().port()));
    let auth = TestAuth::<User>::with(|builder| {
        let cookies = Cookies::new().trust_origin(&urls[1]);
        builder.cookies(if with_access_cookie { cookies.with_access_cookie() } else { cookies })
    });
    for name in ["ada", "bob"] {
        auth.register(&User { name: name.to_owned() });
    }
    let gates = Gates(Arc::new(watch::Sender::new(Traffic::default())));
    let diary = Arc::default();
    let controls = controls(&auth, &gates, &diary);
    let state = AppState { auth: (*auth).clone(), diary };
    let routes =
        AuthRouter::new().routes(routes!(login, confirm, me, write)).routes(auth.routes().nest("/auth"));
    let api = Router::from(routes.with_state(state)).layer(from_fn_with_state(gates, hold));
    let api = api.layer(auth.cors_layer()).merge(page()).merge(controls);
    for (listener, app) in listeners.into_iter().zip([api, page()]) {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
    }
    urls
}
