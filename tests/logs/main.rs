//! What the log says, and what it never says. A process of its own, since `tracing` keeps for the whole process which events
//! anybody wants.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

#[allow(dead_code, unused_imports, reason = "the integration tests use the rest")]
#[path = "../integration/support.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::Method;
use countersign::AuthRouter;
use tracing_subscriber::fmt::MakeWriter;

use support::{ACCESS_SECRET, App, REFRESH_SECRET, Role, SECOND, forge, payload_with, request};

/// Collects what is written.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Collects every event of this thread, at every level, until the guards are dropped. One test at a time.
    fn collect(&self) -> (tracing::subscriber::DefaultGuard, MutexGuard<'static, ()>) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(self.clone())
            .with_ansi(false)
            .finish();
        (tracing::subscriber::set_default(subscriber), alone)
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Rows 137 and 138: a whole life of a session at the finest level.
#[tokio::test]
async fn log_holds_reasons_but_no_token_and_no_secret() {
    let log = Log::default();
    let _guard = log.collect();
    let app = App::new();
    let pair = app.login(&[Role::Member]).await;
    app.get("/me", Some(&pair.access_token)).await;
    app.get("/admin", Some(&pair.access_token)).await;
    app.get("/me", None).await;
    let next = app.refresh(&pair.refresh_token).await;
    app.clock.advance(SECOND * 1000);
    app.get("/me", Some(&pair.access_token)).await;
    app.refresh(&pair.refresh_token).await;
    let wild = forge(&payload_with("roles", serde_json::json!(["line\nbreak \u{1b}[31m"])));
    app.get("/me", Some(&wild)).await;
    app.send(request(Method::POST, "/refresh", None, Body::from("{\"refresh_token\":7}"))).await;

    let text = log.text();
    for reason in
        ["expired", "late_retry", "refresh refused", "a role that this application does not declare"]
    {
        assert!(text.contains(reason), "no {reason} in\n{text}");
    }
    let tokens =
        [pair.access_token, pair.refresh_token, next.text("access_token"), next.text("refresh_token"), wild];
    for token in &tokens {
        for part in token.split('.') {
            assert!(!text.contains(part), "a part of a token in\n{text}");
        }
    }
    for secret in [ACCESS_SECRET, REFRESH_SECRET] {
        assert!(!text.contains(str::from_utf8(secret).unwrap()));
    }
    assert!(!text.contains('\u{1b}') && !text.contains("line\nbreak"), "{text}");
}

#[tokio::test]
async fn unguarded_routes_are_named_at_start() {
    let log = Log::default();
    let _guard = log.collect();
    let plain = Router::new().route("/metrics", axum::routing::get(|| async { "up 1" }));
    let (_router, _): (Router, _) =
        AuthRouter::new().unguarded("scraped from inside the cluster", plain).split_for_parts();
    assert!(log.text().contains("scraped from inside the cluster"), "{}", log.text());
}
