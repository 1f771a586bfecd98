//! An event stream and a WebSocket that end with the session: sign out in one tab, and the streams of the other end.
//!
//! ```sh
//! cargo run -p examples --bin streams      # prints two users; open http://127.0.0.1:3000 in two tabs
//! ```
//!
//! A page cannot send a header with an event stream or a WebSocket, so the access token is in a cookie.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use axum::{Json, Router};
use countersign::{
    Auth, AuthRejection, AuthRouter, AuthState, CookieTokens, Cookies, ProblemDetails, Session, SignIn,
    Unguarded, authenticated, public, routes,
};
use examples::{Credentials, User, Users};
use futures_util::stream::{self, Stream};
use tokio::time::interval;

#[derive(AuthState, Clone)]
struct AppState {
    #[auth]
    auth: Auth<User>,
    users: Users,
}

/// Sign in with name and password; both tokens come as cookies
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

/// A tick each half second, until the session ends
#[authenticated(live)]
#[utoipa::path(get, path = "/events", tag = "streams", responses((status = 200, content_type = "text/event-stream")))]
async fn events(session: Session<User>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = stream::unfold((interval(Duration::from_millis(500)), 0), |(mut timer, tick)| async move {
        timer.tick().await;
        Some((Ok(Event::default().data(tick.to_string())), (timer, tick + 1)))
    });
    Sse::new(session.guard(ticks))
}

/// What you say comes back, until the session ends
///
/// The last message is a close frame with the code 4401. A new access token, sent as a text that begins with `token `, prolongs the
/// connection beyond the first one.
#[authenticated(live)]
#[utoipa::path(get, path = "/socket", tag = "streams", responses((status = 101, description = "A WebSocket")))]
async fn socket(
    State(state): State<AppState>,
    session: Session<User>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| echo(socket, session, state.auth))
}

async fn echo(mut socket: WebSocket, session: Session<User>, auth: Auth<User>) {
    let mut ended = session.ended();
    loop {
        let answer = tokio::select! {
            biased;
            end = &mut ended => {
                let frame = CloseFrame { code: end.close_code(), reason: end.as_str().into() };
                let _ = socket.send(Message::Close(Some(frame))).await;
                return;
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match text.strip_prefix("token ") {
                    Some(token) => match ended.renew(&auth, token) {
                        Ok(()) => "goes on".to_owned(),
                        Err(error) => error.to_string(),
                    },
                    None => text.to_string(),
                },
                Some(Ok(_)) => continue,
                _ => return,
            },
        };
        if socket.send(Message::Text(answer.into())).await.is_err() {
            return;
        }
    }
}

/// The page and its script, which are public.
fn page<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |media_type: &'static str, text: &'static str| {
        get(move || async move {
            let policy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
            ([(CONTENT_TYPE, media_type), (CONTENT_SECURITY_POLICY, policy)], text)
        })
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("../../../clients/streams.html")))
        .route("/streams.js", file("text/javascript", include_str!("../../../clients/streams.js")))
}

/// A client that is not a browser says where its request comes from.
const HINTS: &str = r#"curl {url}/login -c cookies -H 'Origin: {url}' --json '{"name":"ada","password":"{ada}"}'
curl {url}/login -c cookies -H 'Origin: {url}' --json '{"name":"max","password":"{max}"}'
curl -N {url}/events -b cookies

Open {url} in two tabs, sign in in one of them, and sign out in the other"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = Users::demo()?;
    let cookies = Cookies::new().with_access_cookie();
    // `live` costs no look-up: what ends on any server of the deployment is heard of within a second.
    let auth = examples::auth(&users)?.cookies(cookies).live_from_feed().build()?;
    tokio::spawn(auth.purge_every(Duration::from_secs(10 * 60)));
    let router = AuthRouter::new()
        .routes(routes!(login, events))
        .routes(routes!(GET | CONNECT "/socket" => socket))
        .routes(auth.routes().nest("/auth"))
        .unguarded("the page itself, before anyone has signed in", page())
        .scalar("/scalar", Unguarded("the document of an example is no secret"))
        .with_state(AppState { auth, users: users.clone() });
    examples::serve(router.into(), &users, HINTS).await
}
