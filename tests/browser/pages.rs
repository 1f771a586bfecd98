//! Pages behind `SameSite=Strict` cookies, with sign-ins at a provider on another site.

use std::net::TcpListener;

use axum::extract::Query;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign::testing::TestAuth;
use countersign::{
    AuthRejection, AuthRouter, CookieTokens, Cookies, Landing, ReturnTo, Session, SessionClaims, SignIn,
};
use serde::Deserialize;

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(Deserialize)]
struct Callback {
    code: String,
}

const ADA: User = User { id: 7 };

/// The end of a flow whose answer comes as a link.
async fn led(
    sign_in: SignIn<User>,
    Query(callback): Query<Callback>,
    next: ReturnTo,
) -> Result<(CookieTokens, Redirect), AuthRejection> {
    assert_eq!(callback.code, "once");
    Ok((sign_in.cookies(&ADA).await?, next.or("/app/inbox")))
}

/// The end of a flow whose answer the provider posts.
async fn posted(sign_in: SignIn<User>, next: ReturnTo) -> Result<(CookieTokens, Landing), AuthRejection> {
    Ok((sign_in.state_compared().cookies(&ADA).await?, next.land_or("/app/inbox")))
}

/// As above, with a redirect, which becomes such a page by itself.
async fn posted_and_redirected(sign_in: SignIn<User>) -> Result<(CookieTokens, Redirect), AuthRejection> {
    Ok((sign_in.state_compared().cookies(&ADA).await?, Redirect::to("/app/inbox")))
}

async fn inbox(Extension(session): Extension<Session<User>>) -> Html<String> {
    Html(format!("<title>inbox of {}</title>", session.claims().id))
}

async fn login() -> Html<&'static str> {
    Html("<title>login</title>")
}

const WORKER: ([(&str, &str); 1], &str) = (
    [("content-type", "text/javascript")],
    "addEventListener('install', () => skipWaiting());\n\
     addEventListener('activate', (event) => event.waitUntil(clients.claim()));\n\
     addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));\n",
);

/// Serves, and returns the port.
pub(crate) fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let auth = TestAuth::<User>::with(|builder| {
        // The browser's clock is the real one.
        builder.cookies(Cookies::new().with_access_cookie()).clock(countersign::SystemClock::default())
    });
    auth.register(&ADA);
    let pages = Router::new().route("/inbox", get(inbox));
    let open = Router::new()
        .route("/login", get(login))
        .route("/led", get(led))
        .route("/posted", post(posted))
        .route("/redirected", post(posted_and_redirected))
        .route("/worker.js", get(async || WORKER));
    let router = AuthRouter::new()
        .nest_router("/app", auth.layer().pages("/login"), pages)
        .unguarded("sign-ins, and a service worker", open)
        .with_state(auth);
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::from(router)).await.unwrap();
        });
    });
    port
}
