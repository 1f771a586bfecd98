//! The rules of the attributes as layers.

mod pages;
mod services;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, State};
use axum::http::{Method, Request, Response, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::routing::{get, post};
use axum::{Extension, Router};
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::{
    Auth, AuthEvent, AuthEvents, AuthLayer, Liveness, RefreshSession, Rule, Session, TokenPair,
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::support::{Answer, App, NOW, Role, User, VERIFICATIONS, builder, forge, payload, payload_with};

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

/// Rows 48 and 62: a layer answers as the attributes do.
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
    send(&pages, request(Some(" a.b.c"))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let expired = forge(&payload_with("exp", (NOW - 100).into()));
    send(&pages, request(Some(&expired))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(send(&pages, request(Some(&forge(&payload())))).await.body, "7");
}

/// Row 59.
#[tokio::test]
async fn an_optional_layer_lets_in_visitors_and_refuses_bad_tokens() {
    let auth = auth();
    let pages = pages(auth.layer().optional());
    assert_eq!(send(&pages, request(None)).await.body, "nobody");
    assert_eq!(send(&pages, request(Some(&forge(&payload())))).await.body, "7");
    send(&pages, request(Some("not-a-token"))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let basic = with_headers("/page", None, &[("authorization", "Basic dXNlcjpwYXNz")]);
    assert_eq!(send(&pages, basic).await.body, "nobody");
}

/// The answers of a layer to users with these roles and the scope `posts:write`.
async fn status(layer: AuthLayer<User>, roles: &[&str]) -> StatusCode {
    let mut payload = payload_with("roles", roles.into());
    payload["scope"] = "posts:write".into();
    send(&pages(layer), request(Some(&forge(&payload)))).await.status
}

/// Rows 49 and 50.
#[tokio::test]
async fn a_layer_demands_roles_and_scopes_as_the_attributes_do() {
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
    let _ = auth().layer().any_role([""; 0]);
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

/// The extractors inside a layer take the session that it verified.
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

/// In an earlier system, the layer for both tokens overwrote the claims of the other layer, so that the two could not be combined.
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
async fn credentials_that_an_outer_layer_changed_count() {
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

/// Both tokens were good at the outer layer; the inner layer judges those that reach it.
#[tokio::test]
async fn tokens_that_change_on_the_way_in_are_judged_again() {
    let auth = auth();
    let (pair, other) = (login(&auth, &[]).await, login(&auth, &[]).await);
    let bearer = format!("Bearer {}", other.access_token);
    let changes = [
        ("x-refresh-token", other.refresh_token.clone()),
        ("x-refresh-token", "nonsense".to_owned()),
        ("authorization", bearer),
        ("unrelated", "x".to_owned()),
    ];
    for (name, value) in changes {
        let change = move |mut request: Request<Body>, next: Next| {
            request.headers_mut().insert(name, value.parse().unwrap());
            next.run(request)
        };
        let both = || auth.layer().both_tokens();
        let router = pages(both()).layer(from_fn(change)).layer(both());
        let headers = [("x-refresh-token", pair.refresh_token.as_str())];
        let answer = send(&router, with_headers("/page", Some(&pair.access_token), &headers)).await;
        let expected = if name == "unrelated" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.status, expected, "{name}");
    }
}

#[tokio::test]
async fn unknown_path_is_404_with_route_layer_and_401_with_layer() {
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

/// Row 52: a layer decides before the body is read.
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

/// Rows 136 to 138: the event has the template of the route.
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

/// The layer of both tokens refuses what the extractor refuses.
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
    ask("").await.refused(StatusCode::UNAUTHORIZED, "missing_refresh_token");
    store.inject(Fault::Read);
    let unavailable = (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    ask(&pair.refresh_token).await.refused(unavailable.0, unavailable.1);
    store.heal();
    auth.logout_all(&7).await.unwrap();
    ask(&pair.refresh_token).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// A layer on an [`AuthRouter`](countersign::AuthRouter) adds to what the handlers declare.
#[tokio::test]
async fn a_layer_and_an_attribute_are_both_enforced() {
    let auth = auth();
    let app = App::build_with(|builder| builder, |router| router.layer(auth.layer().role("support")));
    let status = async |roles: &[&str]| {
        let token = forge(&payload_with("roles", roles.into()));
        app.get("/admin", Some(&token)).await.status
    };
    assert_eq!(status(&["admin"]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&["support"]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(&["support", "admin"]).await, StatusCode::OK);
    assert_eq!(app.get("/health", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_layer_that_looks_the_session_up_refuses_one_that_has_ended() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth =
        |liveness| builder(&TestClock::at(NOW)).store(Arc::clone(&store)).liveness(liveness).build().unwrap();
    let (on_demand, always) = (auth(Liveness::OnDemand), auth(Liveness::Always));
    for (router, auth) in [
        (pages(on_demand.layer().live()), &on_demand),
        (pages(on_demand.layer().role("member").live()), &on_demand),
        (pages(always.layer()), &always),
        (pages(always.layer().optional()), &always),
    ] {
        let token = login(auth, &[Role::Member]).await.access_token;
        assert_eq!(send(&router, request(Some(&token))).await.body, "7");
        store.inject(Fault::Read);
        let answer = send(&router, request(Some(&token))).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        store.heal();
        auth.logout_all(&7).await.unwrap();
        send(&router, request(Some(&token))).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
        let plain = pages(on_demand.layer());
        assert_eq!(send(&plain, request(Some(&token))).await.status, StatusCode::OK, "it does not look");
    }
}

/// A look-up may be cached for a while; both tokens ask the store each time.
#[tokio::test]
async fn both_tokens_are_never_judged_by_a_cached_look_up() {
    let store = Arc::new(MemoryStore::new());
    let auth =
        || builder(&TestClock::at(NOW)).store(Arc::clone(&store)).live_cache(Duration::from_secs(60), 100);
    let (here, elsewhere) = (auth().build().unwrap(), auth().build().unwrap());
    let (live, both) = (pages(here.layer().live()), pages(here.layer().both_tokens()));
    let pair = login(&here, &[]).await;
    let headers = [("x-refresh-token", pair.refresh_token.as_str())];
    let ask = async |router| send(router, with_headers("/page", Some(&pair.access_token), &headers)).await;
    assert_eq!(ask(&live).await.status, StatusCode::OK);
    elsewhere.logout_all(&7).await.unwrap();
    assert_eq!(ask(&live).await.status, StatusCode::OK, "remembered");
    ask(&both).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}
