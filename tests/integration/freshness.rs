//! Rules that demand a recent sign-in.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::routing::get;
use countersign::__private::{Check, CheckError, CheckRule, Guard, OneCheck};
use countersign::{Access, AuthLayer, AuthRouter, Policy, Rule, Session, routes};
use serde_json::json;
use tower::ServiceExt as _;

use crate::support::{
    Answer, App, AppState, NOW, Role, SECOND, User, forge, payload, payload_with, payload_without, request,
};

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

const TEN_MINUTES: Rule = Rule::Fresh(Duration::from_secs(600));

policy!(Fresh, TEN_MINUTES, ());
policy!(FreshAdmin, Rule::All(&[Rule::Role("admin"), TEN_MINUTES]), ());
policy!(
    AdminOrFresher,
    Rule::Any(&[Rule::All(&[Rule::Role("admin"), TEN_MINUTES]), Rule::Fresh(Duration::from_secs(60))]),
    ()
);
policy!(FreshAndChecked, Rule::All(&[Never::RULE, TEN_MINUTES]), OneCheck<Never>);

/// A check that must not run.
enum Never {}

impl CheckRule for Never {
    const RULE: Rule = Rule::Check { name: "never", not_found: true };
}

impl<S: Sync> Check<S> for Never {
    async fn run(_: &mut axum::http::request::Parts, _: &S) -> Result<bool, CheckError> {
        panic!("a check was asked for a sign-in that is too old")
    }
}

/// The handler takes the session beside the guard.
#[utoipa::path(get, path = "/payouts", responses((status = 200)))]
async fn payouts(_: Guard<Fresh>, user: Option<User>, session: Option<Session<User>>) -> String {
    assert_eq!(user.as_ref(), session.as_ref().map(Session::claims));
    session.unwrap().authenticated_at().unwrap().unix().to_string()
}

#[utoipa::path(get, path = "/keys")]
async fn keys(_: Guard<FreshAdmin>) {}

#[utoipa::path(get, path = "/either")]
async fn either(_: Guard<AdminOrFresher>) {}

#[utoipa::path(get, path = "/checked")]
async fn checked(_: Guard<FreshAndChecked>) {}

fn with_routes(router: AuthRouter<AppState>) -> AuthRouter<AppState> {
    router.routes(routes!(payouts, keys, either, checked))
}

fn app() -> App {
    App::routed(with_routes)
}

/// Row 60: RFC 9470 section 3, in the challenge and in the body.
#[track_caller]
fn is_stale(answer: &Answer, max_age: u64) {
    answer.refused(StatusCode::UNAUTHORIZED, "insufficient_user_authentication");
    let challenge = format!(
        "Bearer realm=\"https://issuer.test\", error=\"insufficient_user_authentication\", max_age=\"{max_age}\""
    );
    assert_eq!(answer.header(header::WWW_AUTHENTICATE), Some(challenge.as_str()));
    assert_eq!(answer.json()["max_age"], max_age);
}

/// Row 60: to the second, without the leeway, which is for clocks and not for people.
#[tokio::test]
async fn stale_sign_in_is_401_with_the_age_it_may_have() {
    for leeway in [0, 60, 300] {
        let app = App::build_with(|builder| builder.leeway(SECOND * leeway), with_routes);
        let pair = app.login(&[Role::Member]).await;
        for seconds in [0, 1, 599] {
            app.clock.advance(SECOND * seconds);
            assert_eq!(app.get("/payouts", Some(&pair.access_token)).await.status, StatusCode::OK);
        }
        app.clock.advance(SECOND);
        is_stale(&app.get("/payouts", Some(&pair.access_token)).await, 600);
        assert_eq!(app.get("/me", Some(&pair.access_token)).await.status, StatusCode::OK);
    }
}

/// Row 60: a refresh proves that the client is there, not which person uses it.
#[tokio::test]
async fn refresh_makes_no_sign_in_fresher() {
    let app = app();
    let pair = app.login(&[Role::Member]).await;
    app.clock.advance(SECOND * 601);
    let next = app.auth.refresh(&pair.refresh_token).await.unwrap();
    is_stale(&app.get("/payouts", Some(&next.access_token)).await, 600);
    let again = app.login(&[Role::Member]).await;
    let answer = app.get("/payouts", Some(&again.access_token)).await;
    assert_eq!(answer.body, (NOW + 601).to_string());
}

/// Row 60: within the leeway, a time in the future is the difference of two clocks; beyond it, it is not the time of a sign-in.
#[tokio::test]
async fn sign_in_that_has_yet_to_come_is_not_fresh() {
    let app = app();
    for (ahead, fresh) in [(0, true), (60, true), (61, false), (600, false), (1_000_000, false)] {
        let token = forge(&payload_with("auth_time", json!(NOW + ahead)));
        let answer = app.get("/payouts", Some(&token)).await;
        if fresh {
            assert_eq!(answer.status, StatusCode::OK, "{ahead}");
        } else {
            is_stale(&answer, 600);
        }
    }
    let app = App::build_with(|builder| builder.leeway(Duration::ZERO), with_routes);
    is_stale(&app.get("/payouts", Some(&forge(&payload_with("auth_time", json!(NOW + 1))))).await, 600);
}

/// Row 60: a token without `auth_time` is not ours, fresh or not.
#[tokio::test]
async fn token_without_the_time_of_its_sign_in_is_401() {
    let app = app();
    for token in [
        payload_without("auth_time"),
        payload_with("auth_time", json!(null)),
        payload_with("auth_time", json!("1800000000")),
        payload_with("auth_time", json!(-1)),
        payload_with("auth_time", json!(i64::MIN)),
    ] {
        let answer = app.get("/payouts", Some(&forge(&token))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
        assert!(answer.header(header::WWW_AUTHENTICATE).is_some(), "{token}");
    }
    assert_eq!(app.get("/payouts", Some(&forge(&payload()))).await.status, StatusCode::OK);
}

/// Row 130: a user who lacks the role is not sent to sign in for nothing.
#[tokio::test]
async fn new_sign_in_is_asked_for_only_where_it_would_help() {
    let app = app();
    let (member, admin) = (app.login(&[Role::Member]).await, app.login(&[Role::Admin]).await);
    app.clock.advance(SECOND * 601);
    let refused = app.get("/keys", Some(&member.access_token)).await;
    refused.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    assert!(refused.json().get("max_age").is_none());
    is_stale(&app.get("/keys", Some(&admin.access_token)).await, 600);
    app.get("/keys", None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[tokio::test]
async fn challenge_names_the_longest_age_that_would_do_for_the_user() {
    let app = app();
    let (member, admin) = (app.login(&[Role::Member]).await, app.login(&[Role::Admin]).await);
    app.clock.advance(SECOND * 61);
    is_stale(&app.get("/either", Some(&member.access_token)).await, 60);
    assert_eq!(app.get("/either", Some(&admin.access_token)).await.status, StatusCode::OK);
    app.clock.advance(SECOND * 600);
    is_stale(&app.get("/either", Some(&admin.access_token)).await, 600);
}

/// Rows 56 and 60: the answer is the same for every object, since none was looked up.
#[tokio::test]
async fn check_does_not_run_for_a_stale_sign_in() {
    let app = app();
    let pair = app.login(&[Role::Member]).await;
    app.clock.advance(SECOND * 601);
    is_stale(&app.get("/checked", Some(&pair.access_token)).await, 600);
}

async fn behind(layer: AuthLayer<User>, token: Option<&str>) -> Answer {
    let router = axum::Router::new().route("/", get(|| async { "reached" })).layer(layer);
    Answer::read(router.oneshot(request(Method::GET, "/", token, Body::empty())).await.unwrap()).await
}

/// Rows 60 and 61, without macros.
#[tokio::test]
async fn layer_demands_a_fresh_sign_in_of_the_user_in_person() {
    let app = app();
    let layer = || app.auth.layer().fresh(SECOND * 600).deny_impersonated();
    let pair = app.login(&[Role::Member]).await;
    let token = Some(pair.access_token.as_str());
    assert_eq!(behind(layer(), token).await.body, "reached");
    let acting = forge(&payload_with("act", json!({ "sub": "99" })));
    behind(layer(), Some(&acting)).await.refused(StatusCode::FORBIDDEN, "forbidden");
    app.clock.advance(SECOND * 601);
    is_stale(&behind(layer(), token).await, 600);
    behind(layer(), Some(&acting)).await.refused(StatusCode::FORBIDDEN, "forbidden");
    is_stale(&behind(layer().redirect("/login"), token).await, 600);
    behind(layer(), None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

#[test]
#[should_panic = "an `AuthLayer` asks for a sign-in that is 0ns old; ask for one of a second or more"]
fn layer_refuses_an_age_that_no_sign_in_has() {
    let _ = App::new().auth.layer().fresh(Duration::ZERO);
}

#[test]
#[should_panic = "an `AuthLayer` asks for the check `never`, and has no function for it"]
fn layer_refuses_a_rule_with_a_check() {
    let _ = App::new().auth.layer().rule(Rule::All(&[Rule::Live, Never::RULE]));
}

#[test]
#[should_panic = "an `AuthLayer` asks for a rule that no caller can meet: role `admin` and not role `member`"]
fn layer_refuses_rules_that_exclude_each_other() {
    let _ = App::new().auth.layer().role("admin").rule(Rule::Not(&Rule::Role("member")));
}

#[test]
#[should_panic = "an optional `AuthLayer` lets in callers without credentials"]
fn optional_layer_demands_no_fresh_sign_in() {
    let _ = App::new().auth.layer().optional().fresh(SECOND);
}
