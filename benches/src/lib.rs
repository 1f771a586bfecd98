//! Applications with one route each: open, guarded by Countersign, guarded by extractors written by hand.
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot start has nothing to report")]

mod guarded;
mod handwritten;
mod limit;

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
pub(crate) const RSA: &str = include_str!("../keys/rsa.pem");
pub(crate) const RSA_PUBLIC: &str = include_str!("../keys/rsa.pub.pem");

/// The applications that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The same route without auth.
    Open,
    /// The hand-written limit, HS256 alone.
    Limit,
    /// The limit with a vectorised decoder of base64.
    LimitSimd,
    /// An extractor around `jsonwebtoken::decode` with the same checks.
    Handwritten,
    /// `#[authenticated]` and `user: User`, with the default memory. Requests take turns with the tokens, so it depends on their number
    /// whether they are remembered.
    Countersign,
    /// As before, and nothing is remembered.
    Forgetful,
    /// As `Countersign`, and the handler takes the session too.
    TwoExtractors,
    /// `#[authenticated(live)]`, answered from the feed of endings.
    LiveFromFeed,
    /// `#[authenticated(live)]`, with a look-up in a store in memory.
    LiveLookedUp,
}

impl Kind {
    const ALL: [(&'static str, Self); 9] = [
        ("open", Self::Open),
        ("limit", Self::Limit),
        ("limit-simd", Self::LimitSimd),
        ("handwritten", Self::Handwritten),
        ("countersign", Self::Countersign),
        ("forgetful", Self::Forgetful),
        ("two", Self::TwoExtractors),
        ("live", Self::LiveFromFeed),
        ("live-looked-up", Self::LiveLookedUp),
    ];

    /// The application of this name on a command line.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    fn remembered(self) -> usize {
        if self == Self::Forgetful { 0 } else { 4096 }
    }
}

/// The algorithms that are measured.
pub const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

/// An application and the tokens that its route accepts.
#[derive(Clone, Debug)]
pub struct App {
    router: Router,
    tokens: Vec<String>,
    next: std::cell::Cell<usize>,
}

impl App {
    /// Builds the application, with one token.
    pub fn new(kind: Kind, algorithm: Algorithm) -> Self {
        Self::with_tokens(kind, algorithm, 1)
    }

    /// Builds the application, with so many tokens.
    pub fn with_tokens(kind: Kind, algorithm: Algorithm, tokens: usize) -> Self {
        let from_feed = kind == Kind::LiveFromFeed;
        let settings = guarded::Settings { algorithm, from_feed, remembered: kind.remembered() };
        let (auth, tokens) = guarded::auth(settings, tokens);
        let header = tokens.first().and_then(|token| token.split('.').next()).unwrap_or_default();
        let router = match kind {
            Kind::Open => Router::new().route("/me", get(|| async { "7" })),
            Kind::Limit => limit::router(header, limit::Decoder::Scalar),
            Kind::LimitSimd => limit::router(header, limit::Decoder::Simd),
            Kind::Handwritten => handwritten::router(algorithm),
            Kind::Countersign | Kind::Forgetful => guarded::router(auth),
            Kind::TwoExtractors => guarded::router_of_two(auth),
            Kind::LiveFromFeed | Kind::LiveLookedUp => guarded::live_router(auth),
        };
        Self { router, tokens, next: std::cell::Cell::default() }
    }

    /// A request with the next good token.
    pub fn request(&self) -> Request<Body> {
        let next = self.next.get();
        self.next.set((next + 1) % self.tokens.len());
        Self::request_with(&self.tokens[next])
    }

    /// A request with the next token, whose signature was changed.
    pub fn forged_request(&self) -> Request<Body> {
        let next = self.next.get();
        self.next.set((next + 1) % self.tokens.len());
        let (message, signature) = self.tokens[next].rsplit_once('.').expect("it is a token");
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        Self::request_with(&format!("{message}.{other}{}", &signature[1..]))
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
