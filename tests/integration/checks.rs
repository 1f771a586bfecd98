//! Rules with checks, which are functions of the application.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Extension, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::{Json, response::Response};
use countersign::__private::{Check, CheckAnswer, CheckArgument, CheckError, CheckRule, Guard, OneCheck};
use countersign::testing::TestAuth;
use countersign::{
    Access, AuthEvent, AuthEvents, AuthRejection, AuthRouter, Denial, Liveness, Policy, Rule, Session, routes,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Answer, App, AppState, NOW, Role, User, forge, payload_with, request};

thread_local! {
    /// Which checks ran, in order. Each test has a thread of its own.
    static RAN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn ran() -> Vec<&'static str> {
    RAN.take()
}

/// The code that `#[check]` writes for a function with these arguments.
macro_rules! check {
    ($name:ident, $not_found:literal, ($($pattern:pat => $ty:ty),*) -> $answer:ty $body:block) => {
        #[allow(non_camel_case_types)]
        enum $name {}

        impl CheckRule for $name {
            const RULE: Rule = Rule::Check { name: stringify!($name), not_found: $not_found };
        }

        impl<S: Sync> Check<S> for $name
        where
            $($ty: CheckArgument<S>),*
        {
            async fn run(_parts: &mut Parts, _state: &S) -> Result<bool, CheckError> {
                $(let $pattern = <$ty as CheckArgument<S>>::take(_parts, _state).await?;)*
                RAN.with_borrow_mut(|ran| ran.push(stringify!($name)));
                let answer: $answer = async move { $body }.await;
                answer.answer()
            }
        }
    };
}

macro_rules! policy {
    ($name:ident, $rule:expr, $checks:ty) => {
        enum $name {}

        impl Policy for $name {
            const ACCESS: Access = Access::Require($rule);
            type Roles = ();
            type Checks = $checks;
            type Proves = ();
        }
    };
}

/// The author of a post. Post 3 has an author but was taken back; 5 and later never existed.
fn author(post: u64) -> Option<u64> {
    match post {
        1 | 3 => Some(7),
        2 => Some(8),
        _ => None,
    }
}

check!(sees_post, true, (user => User, Path(id) => Path<u64>) -> bool { author(id) == Some(user.id) });
check!(owns_post, false, (user => User, Path(id) => Path<u64>) -> bool { author(id) == Some(user.id) });
check!(says_yes, false, (headers => HeaderMap) -> bool { headers.contains_key("x-yes") });
check!(says_yes_too, false, (headers => HeaderMap) -> bool { headers.contains_key("x-yes-too") });
check!(fails, false, () -> Result<bool, io::Error> { Err(io::Error::other("the password is tulip")) });
check!(wants_extension, false, (_ => Extension<u8>) -> bool { true });
check!(refuses_arguments, false, (_ => Refusing) -> bool { true });

/// Refuses every request with the status that it names.
struct Refusing;

impl<S: Sync> FromRequestParts<S> for Refusing {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let status = parts.headers.get("x-refused").unwrap();
        Err(StatusCode::from_bytes(status.as_bytes()).unwrap())
    }
}

policy!(SeesPost, sees_post::RULE, (OneCheck<sees_post>, ()));
policy!(OwnsPost, Rule::All(&[Rule::Role("member"), owns_post::RULE]), (OneCheck<owns_post>, ()));
policy!(
    AdminOrBoth,
    Rule::Any(&[Rule::Role("admin"), Rule::All(&[says_yes::RULE, says_yes_too::RULE]), Rule::Scope("all")]),
    (OneCheck<says_yes>, (OneCheck<says_yes_too>, ()))
);
policy!(
    YesEitherWay,
    Rule::Any(&[
        Rule::All(&[says_yes::RULE, says_yes_too::RULE]),
        Rule::All(&[says_yes::RULE, owns_post::RULE]),
    ]),
    ((OneCheck<says_yes>, OneCheck<says_yes_too>), (OneCheck<says_yes>, OneCheck<owns_post>))
);
policy!(Fails, fails::RULE, (OneCheck<fails>, ()));
policy!(Extended, wants_extension::RULE, OneCheck<wants_extension>);
policy!(Unfit, refuses_arguments::RULE, OneCheck<refuses_arguments>);
policy!(LiveOwner, Rule::All(&[Rule::Live, owns_post::RULE]), OneCheck<owns_post>);
policy!(
    AuditorSees,
    Rule::All(&[Rule::Role("admin"), sees_post::RULE, Rule::NotImpersonated]),
    OneCheck<sees_post>
);
// A rule with a check that has no function.
policy!(Forgotten, owns_post::RULE, ());

/// A post that one of its authors may read
#[utoipa::path(get, path = "/seen/{id}", responses((status = 200)))]
async fn seen(_: Guard<SeesPost>, Path(id): Path<u64>) -> Result<String, AuthRejection> {
    if id == 3 { Err(Denial::NotFound.into()) } else { Ok(format!("post {id}")) }
}

/// Change a post
#[utoipa::path(put, path = "/owned/{id}", request_body = Value, responses((status = 200)))]
async fn owned(
    _: Guard<OwnsPost>,
    user: Option<User>,
    session: Option<Session<User>>,
    Path(id): Path<u64>,
    Json(_): Json<Value>,
) -> String {
    assert_eq!(user.as_ref(), session.as_ref().map(Session::claims));
    format!("{} changed {id}", user.unwrap().id)
}

macro_rules! plain {
    ($($handler:ident $path:literal $policy:ident),*) => {
        $(
            #[utoipa::path(get, path = $path)]
            async fn $handler(_: Guard<$policy>) {}
        )*
    };
}

plain!(
    both "/both" AdminOrBoth, either "/either/{id}" YesEitherWay, failing "/failing" Fails, extended "/extended" Extended,
    unfit "/unfit" Unfit, live "/live/{id}" LiveOwner, audited "/audited/{id}" AuditorSees, forgotten "/forgotten/{id}" Forgotten
);

fn with_posts(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
    router.routes(routes!(seen, owned, both, either, failing, extended, unfit, live, audited, forgotten))
}

fn app() -> App {
    App::routed(with_posts)
}

async fn member(app: &App) -> String {
    app.login(&[Role::Member]).await.access_token
}

async fn get(app: &App, path: &str, token: &str, headers: &[&'static str]) -> Answer {
    let mut request = request(Method::GET, path, Some(token), Body::empty());
    for name in headers {
        request.headers_mut().insert(*name, header::HeaderValue::from_static("1"));
    }
    app.send(request).await
}

/// Rows 56 and 57: another user's post, one that does not exist, one that the handler does not find and one without a valid name look the
/// same.
#[tokio::test]
async fn hidden_refusal_is_the_not_found_of_the_handler_to_the_byte() {
    let app = app();
    let token = member(&app).await;
    assert_eq!(get(&app, "/seen/1", &token, &[]).await.status, StatusCode::OK);
    let own = get(&app, "/seen/3", &token, &[]).await;
    own.refused(StatusCode::NOT_FOUND, "not_found");
    assert_eq!(own.header(header::WWW_AUTHENTICATE), None);
    for path in ["/seen/2", "/seen/5", "/seen/not-a-number", "/seen/-1", "/seen/%00"] {
        let refused = get(&app, path, &token, &[]).await;
        assert_eq!(refused.status, own.status, "{path}");
        assert_eq!(refused.headers, own.headers, "{path}");
        assert_eq!(refused.body, own.body, "{path}");
    }
    assert_eq!(ran(), ["sees_post"; 4], "a name that makes no sense reaches no check");
}

/// Row 56: an open refusal, where the rule does not hide the object.
#[tokio::test]
async fn refused_check_is_403_without_a_challenge() {
    let app = app();
    let token = member(&app).await;
    let put = |path, body: &'static str| request(Method::PUT, path, Some(&token), Body::from(body));
    assert_eq!(app.send(put("/owned/1", "{}")).await.body, "7 changed 1");
    for path in ["/owned/2", "/owned/5"] {
        let refused = app.send(put(path, "{}")).await;
        refused.refused(StatusCode::FORBIDDEN, "forbidden");
        assert_eq!(refused.header(header::WWW_AUTHENTICATE), None);
        assert!(refused.json().get("required").is_none());
    }
    app.send(put("/owned/x", "{}")).await.refused(StatusCode::BAD_REQUEST, "invalid_request");
    app.send(put("/owned/2", "not json")).await.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(app.send(put("/owned/1", "not json")).await.status, StatusCode::BAD_REQUEST);
}

/// A body that must not be read.
struct Unread;

impl http_body::Body for Unread {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        panic!("the body was read")
    }
}

#[tokio::test]
async fn check_runs_before_the_body_is_read() {
    let app = app();
    let token = member(&app).await;
    let refused = app.send(request(Method::PUT, "/owned/2", Some(&token), Body::new(Unread))).await;
    refused.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(ran(), ["owns_post"]);
}

/// Rows 48 and 49: a check runs only for callers who meet the rest of the rule.
#[tokio::test]
async fn check_runs_only_for_callers_who_meet_the_rest_of_the_rule() {
    let app = app();
    let send = |token| app.send(request(Method::PUT, "/owned/1", token, Body::from("{}")));
    send(None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    send(Some("nonsense")).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let support = app.login(&[Role::Support]).await.access_token;
    send(Some(&support)).await.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    assert!(ran().is_empty());
}

#[tokio::test]
async fn checks_run_from_left_to_right_and_only_while_they_matter() {
    let app = app();
    let (admin, member) = (app.login(&[Role::Admin]).await.access_token, member(&app).await);
    assert_eq!(get(&app, "/both", &admin, &[]).await.status, StatusCode::OK);
    assert!(ran().is_empty());
    get(&app, "/both", &member, &[]).await.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(ran(), ["says_yes"]);
    get(&app, "/both", &member, &["x-yes"]).await.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(ran(), ["says_yes", "says_yes_too"]);
    assert_eq!(get(&app, "/both", &member, &["x-yes", "x-yes-too"]).await.status, StatusCode::OK);
    assert_eq!(ran(), ["says_yes", "says_yes_too"]);
}

#[tokio::test]
async fn function_that_a_rule_names_twice_runs_once() {
    let app = app();
    let token = member(&app).await;
    assert_eq!(get(&app, "/either/1", &token, &["x-yes"]).await.status, StatusCode::OK);
    assert_eq!(ran(), ["says_yes", "says_yes_too", "owns_post"]);
    get(&app, "/either/1", &token, &[]).await.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(ran(), ["says_yes"]);
}

/// Row 90: the request does not pass, and the answer does not name the cause.
#[tokio::test]
async fn check_that_fails_is_503() {
    let app = app();
    let token = member(&app).await;
    let failed = get(&app, "/failing", &token, &[]).await;
    failed.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert!(!String::from_utf8_lossy(&failed.body).contains("tulip"));
}

#[tokio::test]
async fn argument_that_cannot_be_extracted_is_a_refusal() {
    let app = app();
    let token = member(&app).await;
    let extended = get(&app, "/extended", &token, &[]).await;
    extended.refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    for (argument, status, code) in [
        ("400", StatusCode::BAD_REQUEST, "invalid_request"),
        ("422", StatusCode::BAD_REQUEST, "invalid_request"),
        ("401", StatusCode::FORBIDDEN, "forbidden"),
        ("403", StatusCode::FORBIDDEN, "forbidden"),
        ("404", StatusCode::NOT_FOUND, "not_found"),
        ("500", StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        ("503", StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        ("200", StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    ] {
        let mut request = request(Method::GET, "/unfit", Some(&token), Body::empty());
        request.headers_mut().insert("x-refused", argument.parse().unwrap());
        app.send(request).await.refused(status, code);
    }
    assert!(ran().is_empty());
}

/// A mistake in a hand-written policy opens nothing.
#[tokio::test]
async fn check_without_its_function_refuses_every_caller() {
    let app = app();
    let token = app.login(&[Role::Admin]).await.access_token;
    get(&app, "/forgotten/1", &token, &[]).await.refused(StatusCode::FORBIDDEN, "forbidden");
}

/// Row 94: the session is looked up before the check runs.
#[tokio::test]
async fn check_does_not_run_for_a_session_that_has_ended() {
    for liveness in [Liveness::Always, Liveness::OnDemand] {
        let app = App::build_with(|builder| builder.liveness(liveness), with_posts);
        let pair = app.login(&[Role::Member]).await;
        assert_eq!(get(&app, "/live/1", &pair.access_token, &[]).await.status, StatusCode::OK);
        assert_eq!(ran(), ["owns_post"]);
        app.auth.logout(&pair.access_token).await.unwrap();
        let ended = get(&app, "/live/1", &pair.access_token, &[]).await;
        ended.refused(StatusCode::UNAUTHORIZED, "invalid_token");
        assert!(ran().is_empty());
    }
}

/// Rows 56 and 69: an application that discloses what it requires says nothing of the hidden check.
#[tokio::test]
async fn disclosure_says_nothing_of_a_hidden_check() {
    let app = App::build_with(|builder| builder.disclose_requirements(true), with_posts);
    let refused = get(&app, "/audited/1", &member(&app).await, &[]).await;
    refused.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    assert_eq!(refused.text("required"), "role `admin` and no impersonation");
    assert!(!String::from_utf8_lossy(&refused.body).contains("sees_post"));
}

/// Row 147: a private role stays private where the application discloses the others. A refusal says what is required in the words of the
/// document, and never less.
#[tokio::test]
async fn disclosure_says_no_name_of_a_private_role() {
    #[derive(countersign::Role, Clone, Copy)]
    enum Rank {
        Member,
        Pilot,
        Mate,
        Cook,
        #[role(private)]
        Root,
    }

    #[derive(countersign::SessionClaims, Clone)]
    struct Sailor {
        #[claims(subject)]
        id: u64,
        #[claims(roles)]
        ranks: Vec<Rank>,
    }

    #[countersign::check]
    async fn on_watch(sailor: Sailor) -> bool {
        sailor.id == 7
    }

    #[countersign::check(not_found)]
    async fn on_board(sailor: Sailor) -> bool {
        sailor.id == 7
    }

    macro_rules! handlers {
        ($($name:ident: $rule:meta, $path:literal;)*) => {
            $(
                #[$rule]
                #[utoipa::path(get, path = $path)]
                async fn $name(sailor: Sailor) -> String {
                    format!("{} {}", sailor.id, sailor.ranks.len())
                }
            )*
        };
    }

    handlers! {
        bilge: countersign::require_role("root"), "/bilge";
        helm: countersign::require(check(on_watch) && role("root")), "/helm";
        hold: countersign::require(check(on_board) && role("root")), "/hold";
        galley: countersign::require((role("root") && role("pilot")) || (check(on_board) && role("mate")) || role("cook")), "/galley";
    }

    let auth = TestAuth::<Sailor>::with(|builder| builder.disclose_requirements(true));
    let router = AuthRouter::new().routes(routes!(bilge, helm, hold, galley)).with_state(auth.clone());
    let document = serde_json::to_value(router.openapi()).unwrap();
    let ask = async |path: &str, rank| {
        let token = auth.token(&Sailor { id: 7, ranks: vec![rank] }).await;
        let request = axum::http::Request::get(path).header("authorization", format!("Bearer {token}"));
        let answer =
            axum::Router::from(router.clone()).oneshot(request.body(axum::body::Body::empty()).unwrap());
        let answer = answer.await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let answers = [
        ("/bilge", "an internal role"),
        ("/helm", "check `on_watch` and an internal role"),
        ("/hold", "an internal role"),
        ("/galley", "(an internal role and role `pilot`) or role `cook`"),
    ];
    for (path, required) in answers {
        let refused = ask(path, Rank::Member).await;
        assert!(!refused.contains("root") && !refused.contains("on_board"), "{refused}");
        let refused: Value = serde_json::from_str(&refused).unwrap();
        assert_eq!(
            (&refused["code"], &refused["required"]),
            (&json!("insufficient_scope"), &json!(required))
        );
        assert_eq!(ask(path, Rank::Root).await == "7 1", path != "/galley", "{path}");
        if ["/bilge", "/helm"].contains(&path) {
            let description = document["paths"][path]["get"]["description"].as_str().unwrap();
            assert!(description.ends_with(&format!("Access: {required}")), "{description}");
        }
    }
}

/// Every denial as `reason user actor`.
#[derive(Clone, Default)]
struct Denials(Arc<Mutex<Vec<String>>>);

impl AuthEvents for Denials {
    fn record(&self, event: &AuthEvent<'_>) {
        if let Some(reason) = event.reason {
            let [user, actor] = [event.user, event.actor].map(|name| name.unwrap_or("-"));
            self.0.lock().unwrap().push(format!("{reason} {user} {actor}"));
        }
    }
}

/// Row 61: 403, with both identities in the event. Each other reason has its name there too.
#[tokio::test]
async fn event_says_why_a_request_was_refused() {
    let denials = Denials::default();
    let app = App::build_with(|builder| builder.events(denials.clone()), with_posts);
    let heard = || denials.0.lock().unwrap().drain(..).collect::<Vec<_>>();
    let mut acting = payload_with("act", json!({ "sub": "99" }));
    acting["roles"] = json!(["admin"]);
    let refused = get(&app, "/audited/1", &forge(&acting), &[]).await;
    refused.refused(StatusCode::FORBIDDEN, "forbidden");
    assert_eq!(refused.header(header::WWW_AUTHENTICATE), None);
    assert!(!String::from_utf8_lossy(&refused.body).contains("99"));
    assert_eq!(heard(), ["impersonated 7 99"]);
    acting["roles"] = json!(["member"]);
    let lacking = get(&app, "/audited/1", &forge(&acting), &[]).await;
    lacking.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    assert_eq!(heard(), ["insufficient_scope 7 99"]);
    assert!(ran().is_empty());
    let token = member(&app).await;
    get(&app, "/seen/2", &token, &[]).await;
    get(&app, "/both", &token, &[]).await;
    get(&app, "/failing", &token, &[]).await;
    assert_eq!(heard(), ["check_refused 7 -", "check_refused 7 -", "temporarily_unavailable 7 -"]);
}

/// Row 56: a token of another user does not see the first user's post.
#[tokio::test]
async fn check_runs_for_the_user_of_the_request() {
    let app = app();
    let other = forge(&payload_with("sub", json!("8")));
    assert_eq!(get(&app, "/seen/2", &other, &[]).await.status, StatusCode::OK);
    assert_eq!(get(&app, "/seen/1", &other, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(payload_with("sub", json!("8"))["iat"], NOW);
}

/// An optional layer around a handler neither runs its check nor changes its answer.
#[tokio::test]
async fn refusal_of_a_check_is_the_same_behind_layers() {
    let app = app();
    let token = member(&app).await;
    let layered =
        app.router.clone().layer(app.auth.layer().role("member")).layer(app.auth.layer().optional());
    let request = request(Method::GET, "/seen/2", Some(&token), Body::empty());
    let response: Response = tower::ServiceExt::oneshot(layered, request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, get(&app, "/seen/3", &token, &[]).await.body);
    assert_eq!(ran(), ["sees_post"; 2]);
}
