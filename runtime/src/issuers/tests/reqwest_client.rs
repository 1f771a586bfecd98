//! `reqwest::Client` against a real server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::get;
use futures_util::stream;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use tokio::net::TcpListener;

use super::kit::{START, jwks};
use crate::issuers::discovery::Remote;
use crate::testing::TestClock;
use crate::token::Algorithm;

/// Serves the router on a free port of this machine. Returns the port.
async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn load(url: &str) -> Result<u64, String> {
    let remote = Remote::keys_at(url, vec![Algorithm::EdDsa], Box::new(reqwest::Client::new())).unwrap();
    match remote.load(&TestClock::at(START)).await {
        Ok(loaded) => Ok(loaded.age.as_secs()),
        Err(failure) => Err(failure.to_string()),
    }
}

#[tokio::test]
async fn keys_come_with_their_age() {
    let keys = || async { ([(CACHE_CONTROL, "max-age=900")], jwks(&[1])) };
    let port = serve(Router::new().route("/keys", get(keys))).await;
    assert_eq!(load(&format!("http://127.0.0.1:{port}/keys")).await, Ok(900));
}

/// Row 167.
#[tokio::test]
async fn a_redirect_to_another_host_is_refused_and_one_within_the_host_is_followed() {
    let other = serve(Router::new().route("/keys", get(|| async { jwks(&[1]) }))).await;
    let away = format!("http://127.0.0.1:{other}/keys");
    let router = Router::new()
        .route("/away", get(move || async move { Redirect::temporary(&away) }))
        .route("/moved", get(|| async { Redirect::permanent("/keys") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/keys", get(|| async { jwks(&[1]) }))
        .route("/down", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
    let port = serve(router).await;
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    assert!(load(&at("away")).await.unwrap_err().contains("redirect"));
    assert!(load(&at("round")).await.unwrap_err().contains("redirect"));
    assert_eq!(load(&at("moved")).await, Ok(600));
    assert!(load(&at("down")).await.unwrap_err().contains("status 503"));
    let by_name = load(&format!("http://localhost:{port}/away")).await;
    assert!(by_name.unwrap_err().contains("redirect"));
}

/// Row 167. The server stops being asked long before it has sent 10 MB.
#[tokio::test]
async fn a_large_body_is_never_held() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let endless = move || async move {
        Body::from_stream(stream::unfold(0, move |chunks| {
            count.fetch_add(1, Ordering::SeqCst);
            let chunk = (chunks < 10 * 1024).then(|| (Ok::<_, std::io::Error>(vec![b' '; 1024]), chunks + 1));
            std::future::ready(chunk)
        }))
    };
    let known = || async { vec![b' '; 10 * 1024 * 1024] };
    let port = serve(Router::new().route("/endless", get(endless)).route("/known", get(known))).await;
    for path in ["endless", "known"] {
        let refused = load(&format!("http://127.0.0.1:{port}/{path}")).await.unwrap_err();
        assert!(refused.contains("larger than 256 KiB"), "{path}: {refused}");
    }
    // What is more than the limit lies in the buffers of two sockets.
    assert!(sent.load(Ordering::SeqCst) < 10 * 1024, "all of it was sent");
}

/// Row 167. The time is that of tokio, which goes on by itself while all tasks wait.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_left_after_five_seconds() {
    let port = serve(Router::new().route("/keys", get(std::future::pending::<()>))).await;
    let begun = tokio::time::Instant::now();
    let refused = load(&format!("http://127.0.0.1:{port}/keys")).await.unwrap_err();
    assert!(refused.contains("within 5 seconds"), "{refused}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(6));
}
