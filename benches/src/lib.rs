//! Three applications with one route each: open, guarded by Countersign, guarded by an extractor written by hand.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot start has nothing to report")]

mod guarded;
mod handwritten;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use countersign::token::Algorithm;
use tower::ServiceExt as _;

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const SECRET: &[u8] = b"s1b1m5k0nBYBOy2-zTC2o9o4OhQ15QsYwTsGronEm5WRQtG4";
pub(crate) const REFRESH_SECRET: &[u8] = b"1FZ9OKVgc9oDv4msSLy7pkaaRmHQSruCMj-M681hDNWDt0K7";

/// Key pairs for the benchmark alone.
pub(crate) const P256: &str = include_str!("../keys/p256.pem");
pub(crate) const P256_PUBLIC: &str = include_str!("../keys/p256.pub.pem");
pub(crate) const ED25519: &str = include_str!("../keys/ed25519.pem");
pub(crate) const ED25519_PUBLIC: &str = include_str!("../keys/ed25519.pub.pem");

/// The applications that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The same route without auth.
    Open,
    /// `#[authenticated]` and `user: User`.
    Countersign,
    /// `#[authenticated(live)]`, answered from the feed of endings.
    LiveFromFeed,
    /// `#[authenticated(live)]`, with a look-up in a store in memory.
    LiveLookedUp,
    /// An extractor around `jsonwebtoken::decode` with the same checks.
    Handwritten,
}

/// The algorithms that are measured.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa];

/// An application and the token that its route accepts.
#[derive(Clone, Debug)]
pub struct App {
    router: Router,
    token: String,
}

impl App {
    /// Builds the application. All three are given the same token.
    pub fn new(kind: Kind, algorithm: Algorithm) -> Self {
        let (auth, token) = guarded::auth(algorithm, kind == Kind::LiveFromFeed);
        let router = match kind {
            Kind::Open => Router::new().route("/me", get(|| async { "7" })),
            Kind::Countersign => guarded::router(auth),
            Kind::LiveFromFeed | Kind::LiveLookedUp => guarded::live_router(auth),
            Kind::Handwritten => handwritten::router(algorithm),
        };
        Self { router, token }
    }

    /// A request with the good token.
    pub fn request(&self) -> Request<Body> {
        Self::request_with(&self.token)
    }

    /// A request with any token.
    pub fn request_with(token: &str) -> Request<Body> {
        Request::get("/me")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .expect("the token is a header value")
    }

    /// Answers one request in this thread.
    pub fn answer(&self, request: Request<Body>) -> StatusCode {
        match now(self.router.clone().oneshot(request)) {
            Ok(response) => response.status(),
            Err(never) => match never {},
        }
    }
}

/// The result of a future that does not wait.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}
