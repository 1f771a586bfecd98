//! A request that a handler keeps and sends on is judged anew: nothing that was verified for one request counts for another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::routing::post;
use axum::{Extension, Router};
use countersign::testing::TestAuth;
use countersign::{
    Auth, AuthRouter, AuthState, Proof, Session, SessionClaims, TokenPair, authenticated, check, require,
    routes, rule,
};
use tower::ServiceExt as _;

use crate::support::{Answer, SECOND};

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: u64,
}

#[derive(AuthState, Clone)]
struct App {
    #[auth]
    auth: Auth<User>,
    may_pay: Arc<AtomicBool>,
    kept: Arc<Mutex<Vec<Request>>>,
    inner: Option<Router>,
}

impl App {
    fn keep(&self, request: Request) {
        self.kept.lock().unwrap().push(request);
    }
}

#[check]
async fn may_pay(State(app): State<App>) -> bool {
    app.may_pay.load(Ordering::SeqCst)
}

rule! {
    CanPay = check(may_pay) && live;
}

/// Keeps a copy of its request for later messages, as a socket would.
#[authenticated(both_tokens)]
#[utoipa::path(post, path = "/copied")]
async fn copied(State(app): State<App>, parts: Parts) {
    app.keep(Request::from_parts(parts, Body::empty()));
}

/// Keeps its request itself, as a queue would.
#[require(CanPay && both_tokens)]
#[utoipa::path(post, path = "/moved")]
async fn moved(State(app): State<App>, request: Request) {
    app.keep(request);
}

#[authenticated]
#[utoipa::path(post, path = "/plain")]
async fn plain(user: User) -> String {
    user.id.to_string()
}

#[authenticated(live)]
#[utoipa::path(post, path = "/live")]
async fn live(user: User) -> String {
    user.id.to_string()
}

#[authenticated(both_tokens)]
#[utoipa::path(post, path = "/close")]
async fn close() {}

#[utoipa::path(post, path = "/pay")]
async fn pay(_: Proof<CanPay>) {}

/// Passes its request on, after its guard has run its check.
#[require(CanPay)]
#[utoipa::path(post, path = "/gateway")]
async fn gateway(State(app): State<App>, request: Request) -> axum::response::Response {
    app.inner.unwrap().oneshot(request).await.unwrap()
}

/// The same address in another router, with another state.
#[utoipa::path(post, path = "/gateway")]
async fn behind_the_gateway(_: Proof<CanPay>) {}

struct Setting {
    auth: TestAuth<User>,
    app: App,
    router: Router,
    pair: TokenPair,
}

impl Setting {
    async fn new() -> Self {
        let auth = TestAuth::new();
        let app = App {
            auth: (*auth).clone(),
            may_pay: Arc::new(AtomicBool::new(true)),
            kept: Arc::default(),
            inner: None,
        };
        let router = AuthRouter::new().routes(routes!(copied, moved, plain, live, close, pay));
        let router = router.with_state::<()>(app.clone()).into();
        auth.register(&User { id: 7 });
        let pair = auth.login(&User { id: 7 }, Default::default()).await.unwrap();
        Self { auth, app, router, pair }
    }

    fn request(&self, path: &str) -> Request {
        Request::post(path)
            .header("authorization", format!("Bearer {}", self.pair.access_token))
            .header("x-refresh-token", &self.pair.refresh_token)
            .body(Body::empty())
            .unwrap()
    }

    async fn ask(&self, request: Request) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// The request that a handler at `path` has kept.
    async fn kept(&self, path: &str) -> Request {
        assert_eq!(self.ask(self.request(path)).await.status, StatusCode::OK);
        self.app.kept.lock().unwrap().pop().unwrap()
    }

    /// The answers of the routes to a kept request.
    async fn refusals(&self, path: &str) -> Vec<(&'static str, u16)> {
        let mut refusals = Vec::new();
        for to in ["/plain", "/live", "/close", "/pay"] {
            let mut request = self.kept(path).await;
            *request.uri_mut() = to.parse().unwrap();
            let fresh = self.ask(request).await;
            assert_eq!(fresh.status, StatusCode::OK, "{to} at once");
        }
        let kept: Vec<_> =
            [self.kept(path).await, self.kept(path).await, self.kept(path).await, self.kept(path).await]
                .into();
        self.auth.logout_all(&7).await.unwrap();
        self.app.may_pay.store(false, Ordering::SeqCst);
        self.auth.clock().advance(SECOND * 10);
        for (to, mut request) in ["/plain", "/live", "/close", "/pay"].into_iter().zip(kept) {
            *request.uri_mut() = to.parse().unwrap();
            refusals.push((to, self.ask(request).await.status.as_u16()));
        }
        refusals
    }
}

/// Where no session is looked up, an access token is good until it expires.
const ENDED: [(&str, u16); 4] = [("/plain", 200), ("/live", 401), ("/close", 401), ("/pay", 401)];

#[tokio::test]
async fn a_copy_of_a_request_is_judged_like_any_other() {
    assert_eq!(Setting::new().await.refusals("/copied").await, ENDED);
}

#[tokio::test]
async fn a_request_that_was_kept_is_judged_again() {
    assert_eq!(Setting::new().await.refusals("/moved").await, ENDED);
}

/// A verification before the end of a token does not count after it.
#[tokio::test]
async fn a_request_does_not_outlive_its_token() {
    for path in ["/copied", "/moved"] {
        let setting = Setting::new().await;
        let mut request = setting.kept(path).await;
        setting.auth.clock().advance(SECOND * 3600);
        *request.uri_mut() = "/plain".parse().unwrap();
        setting.ask(request).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
}

/// The rule is about the request that the second handler sees, so it is evaluated there.
#[tokio::test]
async fn a_request_that_is_passed_on_proves_nothing_where_it_arrives() {
    let Setting { auth, app, pair, .. } = Setting::new().await;
    let other = App { may_pay: Arc::new(AtomicBool::new(false)), ..app.clone() };
    let inner = AuthRouter::new().routes(routes!(behind_the_gateway)).with_state::<()>(other).into();
    let app = App { inner: Some(inner), ..app };
    let router = AuthRouter::new().routes(routes!(gateway)).with_state::<()>(app).into();
    let setting = Setting { auth, app: Setting::new().await.app, router, pair };
    let answer = setting.ask(setting.request("/gateway")).await;
    answer.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(setting.ask(setting.request("/nowhere")).await.status, StatusCode::NOT_FOUND);
}

/// A layer puts its session into the extensions. A guard behind it that verifies another token must replace that session.
#[tokio::test]
async fn session_in_the_extensions_is_the_one_verified_last() {
    #[authenticated]
    async fn whose(user: User, Extension(shown): Extension<Session<User>>) -> String {
        format!("{} {}", user.id, shown.claims().id)
    }

    let Setting { auth, app, pair, .. } = Setting::new().await;
    auth.register(&User { id: 8 });
    let other = auth.login(&User { id: 8 }, Default::default()).await.unwrap().access_token;
    let exchange = move |mut request: Request, next: Next| {
        request.headers_mut().insert("authorization", format!("Bearer {other}").parse().unwrap());
        next.run(request)
    };
    let router = Router::new().route("/whose", post(whose)).layer(from_fn(exchange)).layer(auth.layer());
    let setting = Setting { auth, app: app.clone(), router: router.with_state(app), pair };
    assert_eq!(setting.ask(setting.request("/whose")).await.body, "8 8");
}
