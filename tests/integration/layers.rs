//! The rules of the attributes as layers: seed rows 4 and 27.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, State};
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{
    Auth, AuthEvent, AuthEvents, AuthLayer, AuthService, RefreshSession, Rule, Session, TokenPair,
};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _, service_fn};

use crate::support::{Answer, NOW, Role, User, VERIFICATIONS, builder, forge, payload, payload_with};

fn auth() -> Auth<User> {
    builder(&TestClock::at(NOW)).build().unwrap()
}

async fn login(auth: &Auth<User>, roles: &[Role]) -> TokenPair {
    auth.login(&User::with(roles), countersign::SessionMetadata::default()).await.unwrap()
}

fn request(token: Option<&str>) -> Request<Body> {
    with_headers("/page", token, &[])
}

fn with_headers(path: &str, token: Option<&str>, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(Body::empty())
        .unwrap()
}

/// A router with one page behind a layer, which answers with its visitor's name.
fn pages(layer: AuthLayer<User>) -> Router {
    async fn page(session: Option<Extension<Session<User>>>) -> String {
        session.map_or_else(|| "nobody".to_owned(), |session| session.claims().id.to_string())
    }
    Router::new().route("/page", get(page).post(page)).layer(layer)
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Seed row 4, and the same answers as the attributes give: rows 48, 62, 66.
#[tokio::test]
async fn a_layer_lets_in_signed_in_users_only() {
    let auth = auth();
    let pages = pages(auth.layer());
    let answer = send(&pages, request(None)).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some("Bearer realm=\"https://issuer.test\""));
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    let answer = send(&pages, request(Some("not-a-token"))).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    send(&pages, request(Some(""))).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    let expired = forge(&payload_with("exp", (NOW - 100).into()));
    send(&pages, request(Some(&expired))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(send(&pages, request(Some(&forge(&payload())))).await.body, "7");
}

/// Row 59.
#[tokio::test]
async fn an_optional_layer_lets_in_strangers_and_refuses_bad_tokens() {
    let auth = auth();
    let pages = pages(auth.layer().optional());
    assert_eq!(send(&pages, request(None)).await.body, "nobody");
    assert_eq!(send(&pages, request(Some(&forge(&payload())))).await.body, "7");
    send(&pages, request(Some("not-a-token"))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let basic = with_headers("/page", None, &[("authorization", "Basic dXNlcjpwYXNz")]);
    send(&pages, basic).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

/// What a layer answers to users with these roles and the scope `posts:write`.
async fn status(layer: AuthLayer<User>, roles: &[&str]) -> StatusCode {
    let mut payload = payload_with("roles", roles.into());
    payload["scope"] = "posts:write".into();
    send(&pages(layer), request(Some(&forge(&payload)))).await.status
}

/// Seed row 27, rows 49 and 50.
#[tokio::test]
async fn a_layer_asks_for_roles_and_scopes_as_the_attributes_do() {
    let auth = auth();
    let (ok, forbidden) = (StatusCode::OK, StatusCode::FORBIDDEN);
    for (layer, admitted) in [
        (auth.layer().role("editor"), &["editor", "admin"][..]),
        (auth.layer().role(Role::Support.as_str()), &["support"]),
        (auth.layer().any_role(["support", "editor"]), &["support", "editor", "admin"]),
        (auth.layer().any_role(["support"]), &["support"]),
        (auth.layer().role("editor").scope("posts:write"), &["editor", "admin"]),
        (auth.layer().scope("posts:write").role("editor").role("editor"), &["editor", "admin"]),
        (auth.layer().scope("posts:delete").role("editor"), &[]),
        (auth.layer().scope("posts"), &[]),
        (auth.layer().rule(Rule::Any(&[Rule::Role("support"), Rule::Scope("posts")])), &["support"]),
        (auth.layer().rule(Rule::Any(&[])), &[]),
        (auth.layer().rule(Rule::All(&[])), &[]),
        (auth.layer().role("editor").any_role(["admin", "support"]), &["admin"]),
    ] {
        for role in ["member", "editor", "admin", "support"] {
            let expected = if admitted.contains(&role) { ok } else { forbidden };
            assert_eq!(status(layer.clone(), &[role]).await, expected, "{role}: {layer:?}");
        }
    }
    let answer = send(&pages(auth.layer().role("admin")), request(Some(&forge(&payload())))).await;
    answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    let answer = send(&pages(auth.layer().role("admin")), request(None)).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[test]
#[should_panic = "an `AuthLayer` asks for the role `admln`, which does not exist; the roles are `member`, `editor`, `admin`, `support`"]
fn a_role_that_does_not_exist_is_refused_where_the_layer_is_made() {
    let _ = auth().layer().role("admln");
}

#[test]
#[should_panic = "an `AuthLayer` asks for the role `Admin`, which does not exist"]
fn a_role_that_does_not_exist_is_refused_at_any_depth_of_a_rule() {
    const RULE: Rule =
        Rule::Any(&[Rule::Scope("x"), Rule::All(&[Rule::Role("member"), Rule::Role("Admin")])]);
    let _ = auth().layer().rule(RULE);
}

#[test]
#[should_panic = "`AuthLayer::any_role` names no role"]
fn an_empty_list_of_roles_is_refused() {
    let _ = auth().layer().any_role([]);
}

#[test]
#[should_panic = "an optional `AuthLayer` lets in callers without credentials"]
fn an_optional_layer_takes_no_rule() {
    let _ = auth().layer().optional().role("admin");
}

#[test]
#[should_panic = "an optional `AuthLayer` lets in callers without credentials"]
fn a_layer_with_a_rule_is_not_made_optional() {
    let _ = auth().layer().live().optional();
}

#[test]
#[should_panic = "a redirect goes to a path or a URL in printable ASCII"]
fn a_target_that_cannot_stand_in_a_header_is_refused() {
    let _ = auth().layer().redirect("/login\r\nSet-Cookie: a=b");
}

/// A bare service with a body that is not axum's, an error of its own, and claims out of the extensions.
#[tokio::test]
async fn a_service_without_axum_is_guarded_with_a_body_of_its_own() {
    #[derive(Debug, PartialEq)]
    struct Broken;

    let auth = auth();
    let service = ServiceBuilder::new().layer(auth.layer().role("member")).service_fn(
        async |request: Request<&'static str>| match *request.body() {
            "break" => Err(Broken),
            body => {
                let session = request.extensions().get::<Session<User>>().unwrap();
                Ok(Response::new(Full::new(Bytes::from(format!("{} {body}", session.claims().id)))))
            }
        },
    );
    let ask = async |token: Option<String>, body: &'static str| {
        let mut request = Request::new(body);
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let (parts, body) = service.clone().oneshot(request).await?.into_parts();
        Ok((parts.status, body.collect().await.unwrap().to_bytes()))
    };
    let token = || Some(forge(&payload()));
    assert_eq!(ask(token(), "hello").await, Ok((StatusCode::OK, Bytes::from("7 hello"))));
    assert_eq!(ask(token(), "break").await, Err(Broken));
    let (status, body) = ask(None, "break").await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "missing_credentials");
    let stranger = forge(&payload_with("roles", serde_json::json!([])));
    assert_eq!(ask(Some(stranger), "break").await.unwrap().0, StatusCode::FORBIDDEN);
}

/// A service that is good for one call after it was polled, as tower allows.
struct OneCall {
    polled: bool,
    fails: bool,
}

impl Clone for OneCall {
    fn clone(&self) -> Self {
        Self { polled: false, fails: self.fails }
    }
}

impl Service<Request<Body>> for OneCall {
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = Ready<Result<Response<Body>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.polled = true;
        Poll::Ready(if self.fails { Err("not ready") } else { Ok(()) })
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert!(self.polled, "called without being ready");
        self.polled = false;
        ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let auth = auth();
    let token = forge(&payload());
    let mut service = auth.layer().layer(OneCall { polled: false, fails: false });
    for _ in 0..3 {
        let answer = service.ready().await.unwrap().call(request(Some(&token))).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    // A refused request takes its readiness with it; the next one waits for its own.
    let refused = service.ready().await.unwrap().call(request(None)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let answer = service.ready().await.unwrap().call(request(Some(&token))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_service_that_never_gets_ready_says_so_in_its_own_words() {
    let mut service = auth().layer().layer(OneCall { polled: false, fails: true });
    assert_eq!(service.ready().await.err(), Some("not ready"));
}

#[test]
fn layers_and_services_can_be_sent_shared_cloned_and_shown() {
    fn fit<T: Clone + Debug + Send + Sync>(value: &T) -> String {
        format!("{value:?}")
    }
    let auth = auth();
    let layer = auth.layer().role("admin").redirect("/login");
    assert!(fit(&layer).contains("Role(\"admin\")"));
    let service: AuthService<&str, User> = layer.layer("inner");
    fit(&service);
    fit(&auth.anonymous_only("/home"));
}

/// Seed row 4: the extractors inside a layer take the session that it verified.
#[tokio::test]
async fn extractors_behind_a_layer_do_not_verify_again() {
    async fn page(user: User, session: Session<User>, both: RefreshSession<User>) -> String {
        assert_eq!((session.claims(), both.claims()), (&user, &user));
        user.id.to_string()
    }
    let auth = auth();
    let pair = login(&auth, &[Role::Admin]).await;
    let router = Router::new()
        .route("/page", get(page))
        .route_layer(auth.layer().role("editor"))
        .layer(auth.layer().both_tokens())
        .layer(auth.layer().optional())
        .with_state(auth.clone());
    let before = VERIFICATIONS.get();
    let headers = [("x-refresh-token", pair.refresh_token.as_str())];
    let answer = send(&router, with_headers("/page", Some(&pair.access_token), &headers)).await;
    assert_eq!((answer.status, VERIFICATIONS.get() - before), (StatusCode::OK, 1));
    assert_eq!(answer.body, "7");
}

/// A fault of the seeds: there, the layer for both tokens wrote its claims over those of the other, and the two could not be
/// combined.
#[tokio::test]
async fn layers_for_one_token_and_for_both_combine_in_either_order() {
    async fn page(
        Extension(session): Extension<Session<User>>,
        both: Extension<RefreshSession<User>>,
    ) -> String {
        assert_eq!(both.session().token_id(), session.token_id());
        session.claims().name.clone()
    }
    let auth = auth();
    let pair = login(&auth, &[Role::Admin]).await;
    let page = || Router::new().route("/page", get(page));
    for router in [
        page().layer(auth.layer()).layer(auth.layer().both_tokens()),
        page().layer(auth.layer().both_tokens()).layer(auth.layer()),
        page().layer(auth.layer().role("admin").both_tokens()),
    ] {
        let both = [("x-refresh-token", pair.refresh_token.as_str())];
        let answer = send(&router, with_headers("/page", Some(&pair.access_token), &both)).await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, Bytes::from(User::with(&[]).name)));
        let answer = send(&router, with_headers("/page", Some(&pair.access_token), &[])).await;
        answer.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
        let answer = send(&router, with_headers("/page", Some(&pair.refresh_token), &both)).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
}

#[tokio::test]
async fn layers_of_two_auths_each_verify_for_themselves() {
    let (one, other) = (auth(), builder(&TestClock::at(NOW)).issuer("https://other.test").build().unwrap());
    let pair = login(&one, &[]).await;
    let both = pages(one.layer()).layer(other.layer());
    send(&both, request(Some(&pair.access_token))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let both = pages(other.layer()).layer(one.layer());
    send(&both, request(Some(&pair.access_token))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn what_a_layer_outside_changes_is_what_counts() {
    async fn strip(mut request: Request<Body>, next: Next) -> Response<Body> {
        request.headers_mut().remove(header::AUTHORIZATION);
        next.run(request).await
    }
    let auth = auth();
    let pair = login(&auth, &[]).await;
    let stripped = pages(auth.layer()).layer(from_fn(strip)).layer(auth.layer());
    let answer = send(&stripped, request(Some(&pair.access_token))).await;
    answer.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[tokio::test]
async fn with_route_layer_a_path_that_does_not_exist_is_404_and_with_layer_401() {
    let auth = auth();
    let page = || Router::new().route("/page", get(async || "page"));
    let nowhere = || with_headers("/nowhere", None, &[]);
    assert_eq!(send(&page().route_layer(auth.layer()), nowhere()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&page().layer(auth.layer()), nowhere()).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_layer_guards_what_it_is_around_and_nothing_else() {
    let auth = auth();
    let guarded = Router::new().route("/page", get(async || "page")).route_layer(auth.layer());
    let router = Router::new()
        .route("/open", get(async || "open"))
        .merge(guarded)
        .nest("/admin", pages(auth.layer().role("admin")));
    assert_eq!(send(&router, with_headers("/open", None, &[])).await.status, StatusCode::OK);
    assert_eq!(send(&router, request(None)).await.status, StatusCode::UNAUTHORIZED);
    let member = forge(&payload());
    assert_eq!(send(&router, request(Some(&member))).await.status, StatusCode::OK);
    let nested = with_headers("/admin/page", Some(&member), &[]);
    assert_eq!(send(&router, nested).await.status, StatusCode::FORBIDDEN);
}

/// Row 51: a layer decides before the body is read.
#[tokio::test]
async fn the_handler_does_not_run_for_a_request_that_is_refused() {
    let ran = Arc::new(Mutex::new(0));
    async fn count(State(ran): State<Arc<Mutex<u32>>>, _: String) {
        *ran.lock().unwrap() += 1;
    }
    let auth = auth();
    let router = Router::new().route("/page", post(count)).layer(auth.layer()).with_state(Arc::clone(&ran));
    let mut request = request(None);
    *request.method_mut() = Method::POST;
    assert_eq!(send(&router, request).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(*ran.lock().unwrap(), 0);
}

/// Seed row 27: pages send strangers to the login.
#[tokio::test]
async fn a_page_redirects_who_is_not_signed_in_and_nobody_else() {
    let auth = auth();
    let pages = pages(auth.layer().role("editor").redirect("/login"));
    for token in [None, Some("not-a-token")] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let mut request = request(token);
            *request.method_mut() = method;
            let answer = send(&pages, request).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER);
            assert_eq!(answer.header(header::LOCATION), Some("/login"));
            assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
            assert_eq!(answer.header(header::WWW_AUTHENTICATE), None);
            assert!(answer.body.is_empty());
        }
    }
    let member = forge(&payload());
    send(&pages, request(Some(&member))).await.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    send(&pages, request(Some(""))).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    let editor = forge(&payload_with("roles", serde_json::json!(["editor"])));
    assert_eq!(send(&pages, request(Some(&editor))).await.status, StatusCode::OK);
}

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// Seed row 27: htmx follows a header of its own, since it would swap what a 303 leads to into the page.
#[tokio::test]
async fn htmx_is_redirected_in_its_own_way() {
    let auth = auth();
    let pages = pages(auth.layer().redirect("/login"));
    let answer = send(&pages, with_headers("/page", None, &[("hx-request", "true")])).await;
    assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::OK, Some("/login")));
    assert_eq!(answer.header(header::LOCATION), None);
    assert!(answer.body.is_empty());
    for not_htmx in ["false", "1", "", "TRUE"] {
        let answer = send(&pages, with_headers("/page", None, &[("hx-request", not_htmx)])).await;
        assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::SEE_OTHER, None));
    }
}

/// Nothing in a request chooses where it is sent.
#[tokio::test]
async fn a_redirect_goes_where_the_application_says() {
    let auth = auth();
    let pages = pages(auth.layer().redirect("/login"));
    let headers =
        [("host", "evil.test"), ("x-forwarded-host", "evil.test"), ("referer", "https://evil.test/")];
    for path in ["/page?next=https://evil.test", "//evil.test/page", "/page?next=%0d%0aSet-Cookie:a=b"] {
        let answer = send(&pages, with_headers(path, None, &headers)).await;
        assert_eq!(answer.header(header::LOCATION), Some("/login"), "{path}");
    }
}

/// A login page, with the home page behind it.
fn login_page(auth: &Auth<User>) -> Router {
    Router::new()
        .route("/page", get(async || "login").post(async || "login"))
        .layer(auth.anonymous_only("/home"))
}

/// Seed row 27: who is signed in has no business at the login.
#[tokio::test]
async fn a_login_page_sends_who_is_signed_in_home() {
    let auth = auth();
    let page = login_page(&auth);
    let token = forge(&payload());
    let answer = send(&page, request(Some(&token))).await;
    assert_eq!((answer.status, answer.header(header::LOCATION)), (StatusCode::SEE_OTHER, Some("/home")));
    let answer = send(&page, with_headers("/page", Some(&token), &[("hx-request", "true")])).await;
    assert_eq!((answer.status, answer.header(HX_REDIRECT)), (StatusCode::OK, Some("/home")));
}

/// An expired token must not lock its owner out of the page where they get the next one.
#[tokio::test]
async fn a_login_page_lets_in_who_has_no_good_token() {
    let heard = Heard::default();
    let auth = builder(&TestClock::at(NOW)).events(heard.clone()).build().unwrap();
    let page = login_page(&auth);
    let expired = forge(&payload_with("exp", (NOW - 100).into()));
    for token in [None, Some("not-a-token"), Some(&expired)] {
        assert_eq!(send(&page, request(token)).await.body, "login");
    }
    assert_eq!(heard.take(), [""; 0], "nobody was refused");
    send(&page, request(Some(""))).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(heard.take(), ["denial refused invalid_request /page any signed-in user"]);
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl AuthEvents for Heard {
    fn record(&self, event: &AuthEvent<'_>) {
        let AuthEvent { kind, outcome, reason, route, policy, .. } = event;
        self.0.lock().unwrap().push(format!(
            "{} {} {} {} {}",
            kind.as_str(),
            outcome.as_str(),
            reason.unwrap_or("-"),
            route.unwrap_or("-"),
            policy.map_or_else(|| "-".to_owned(), |policy| policy.to_string()),
        ));
    }
}

/// Rows 136 to 138: the route stands in the event as a template.
#[tokio::test]
async fn a_refusal_is_one_event_with_its_route_and_its_rule() {
    let heard = Heard::default();
    let auth = builder(&TestClock::at(NOW)).events(heard.clone()).build().unwrap();
    let router = Router::new()
        .route("/items/{id}", get(async |path: MatchedPath| path.as_str().to_owned()))
        .layer(auth.layer().any_role(["editor", "support"]).scope("items"));
    let rule = "(role `editor` or role `support`) and scope `items`";
    send(&router, with_headers("/items/5", None, &[])).await;
    assert_eq!(heard.take(), [format!("denial refused missing_credentials /items/{{id}} {rule}")]);
    send(&router, with_headers("/items/5", Some(&forge(&payload())), &[])).await;
    assert_eq!(heard.take(), [format!("denial refused insufficient_scope /items/{{id}} {rule}")]);
    send(&router, with_headers("/items/secret-in-the-path/5", None, &[])).await;
    assert_eq!(heard.take(), [format!("denial refused missing_credentials - {rule}")]);
}

/// Seed row 4: the layer of both tokens refuses what the extractor refuses.
#[tokio::test]
async fn a_layer_for_both_tokens_refuses_what_the_extractor_refuses() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth = builder(&TestClock::at(NOW)).store(Arc::clone(&store)).build().unwrap();
    let pages = pages(auth.layer().both_tokens());
    let (pair, other) = (login(&auth, &[]).await, login(&auth, &[]).await);
    let ask = async |refresh: &str| {
        let headers = [("x-refresh-token", refresh)];
        send(&pages, with_headers("/page", Some(&pair.access_token), &headers)).await
    };
    assert_eq!(ask(&pair.refresh_token).await.status, StatusCode::OK);
    ask(&other.refresh_token).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    ask(&pair.access_token).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    ask("").await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    store.inject(Fault::Read);
    let unavailable = (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    ask(&pair.refresh_token).await.refused(unavailable.0, unavailable.1);
    store.heal();
    auth.logout_all(&7).await.unwrap();
    ask(&pair.refresh_token).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// 503 is no reason to sign in again.
#[tokio::test]
async fn a_page_does_not_redirect_when_the_store_is_down() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth = builder(&TestClock::at(NOW)).store(Arc::clone(&store)).build().unwrap();
    let pages = pages(auth.layer().both_tokens().redirect("/login"));
    let pair = login(&auth, &[]).await;
    let headers = [("x-refresh-token", pair.refresh_token.as_str())];
    store.inject(Fault::Read);
    let answer = send(&pages, with_headers("/page", Some(&pair.access_token), &headers)).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    store.heal();
    let answer = send(&pages, request(Some(&pair.access_token))).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "the refresh token is missing");
}

/// A layer on an [`AuthRouter`](countersign::AuthRouter) adds to what the handlers declare.
#[tokio::test]
async fn a_layer_and_an_attribute_have_to_be_satisfied_both() {
    let auth = auth();
    let app = crate::support::App::build_with(
        |builder| builder,
        |router| router.layer(auth.layer().role("support")),
    );
    let status = async |roles: &[&str]| {
        let token = forge(&payload_with("roles", roles.into()));
        app.get("/admin", Some(&token)).await.status
    };
    assert_eq!(status(&["admin"]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&["support"]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&["support", "admin"]).await, StatusCode::OK);
    assert_eq!(app.get("/health", None).await.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn an_error_of_the_service_inside_stays_infallible_for_axum() {
    fn infallible<S: Service<Request<Body>, Error = Infallible>>(_: &S) {}
    let answer = async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty()));
    infallible(&auth().layer().layer(service_fn(answer)));
}
