//! A real shared cache in front of a real server.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::{Auth, AuthRouter, CookieSameSite, Cookies, Session, authenticated, routes};
use test_servers::Nginx;
use tower_http::services::ServeDir;

use super::{Jar, auth_with, clock, signed_in};
use crate::support::User;

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(user: User) -> String {
    format!("the secret of {}", user.id)
}

#[authenticated]
#[utoipa::path(get, path = "/eager")]
async fn eager(user: User) -> ([(&'static str, &'static str); 1], String) {
    ([("cache-control", "public, max-age=600")], format!("the secret of {}", user.id))
}

#[utoipa::path(get, path = "/home")]
async fn home(user: Option<User>) -> String {
    user.map_or_else(|| "for everybody".to_owned(), |user| format!("the secret of {}", user.id))
}

/// A handler that reads the cookie by itself, and says nothing of it: what this crate is there to prevent.
async fn careless(headers: HeaderMap) -> &'static str {
    if headers.contains_key("cookie") { "the secret of 7" } else { "for everybody" }
}

/// The server, and how often it was asked.
async fn served(auth: &Auth<User>, files: &std::path::Path) -> (u16, Arc<AtomicUsize>) {
    async fn shown(Extension(session): Extension<Session<User>>) -> String {
        format!("the secret of {}", session.claims().id)
    }
    let router = AuthRouter::new()
        .routes(routes!(me, eager, home))
        .nest_service("/files", auth.layer(), ServeDir::new(files))
        .nest_router("/app", auth.layer().pages("/login"), Router::new().route("/inbox", get(shown)))
        .unguarded("the counterexample", Router::new().route("/careless", get(careless)))
        .with_state(auth.clone());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let count = from_fn(move |request: Request, next: Next| {
        counted.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    });
    let router = Router::from(router).layer(count);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, asked)
}

/// Status, body, and whether the answer came out of the cache.
async fn fetch(port: u16, path: &str, jar: &Jar) -> (u16, String, bool) {
    let (url, cookie) = (format!("http://127.0.0.1:{port}{path}"), jar.header());
    let sent = tokio::task::spawn_blocking(move || {
        let agent = ureq::Agent::new_with_config(
            ureq::config::Config::builder().http_status_as_error(false).max_redirects(0).build(),
        );
        let mut request = agent.get(url).header("accept", "text/html");
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        let mut answer = request.call().unwrap();
        let is_hit = answer.headers().get("x-cache").is_some_and(|cache| cache == "HIT");
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap(), is_hit)
    });
    sent.await.unwrap()
}

/// Row 153.
#[tokio::test(flavor = "multi_thread")]
async fn a_caching_nginx_gives_strangers_nothing_of_a_user() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("report"), "the secret of 7").unwrap();
    let auth = auth_with(&clock(), |builder| {
        builder.cookies(Cookies::new().with_access_cookie().same_site(CookieSameSite::Lax))
    });
    let (upstream, asked) = served(&auth, folder.path()).await;
    let nginx = tokio::task::spawn_blocking(move || Nginx::caching(upstream)).await.unwrap();
    let port = nginx.port();
    let (user, stranger) = (signed_in(&auth).await, Jar::default());
    let aged = user.clone().without("__Host-access");

    // The cache is one: without a word from the server it hands one user's answer to the next caller.
    assert_eq!(fetch(port, "/careless", &user).await, (200, "the secret of 7".to_owned(), false));
    assert_eq!(fetch(port, "/careless", &stranger).await, (200, "the secret of 7".to_owned(), true));

    for (path, refusal) in [("/me", 401), ("/eager", 401), ("/files/report", 401), ("/app/inbox", 303)] {
        for _ in 0..2 {
            let before = asked.load(Ordering::SeqCst);
            let (status, body, is_hit) = fetch(port, path, &user).await;
            assert_eq!((status, &*body, is_hit), (200, "the secret of 7", false), "{path}");
            assert_eq!(asked.load(Ordering::SeqCst), before + 1, "{path}");
            let (status, body, _) = fetch(port, path, &stranger).await;
            assert_eq!(status, refusal, "{path}: {body}");
            assert!(!body.contains("secret"), "{path}");
        }
    }
    // An answer with new cookies is stored even less.
    assert_eq!(fetch(port, "/app/inbox", &aged).await.1, "the secret of 7");
    assert_eq!(fetch(port, "/app/inbox", &stranger).await.0, 303);

    // A page for everybody is shared among visitors, and greets a user all the same.
    assert_eq!(fetch(port, "/home", &stranger).await, (200, "for everybody".to_owned(), false));
    assert_eq!(fetch(port, "/home", &stranger).await, (200, "for everybody".to_owned(), true));
    assert_eq!(fetch(port, "/home", &user).await, (200, "the secret of 7".to_owned(), false));
    assert_eq!(fetch(port, "/home", &stranger).await, (200, "for everybody".to_owned(), true));
}
