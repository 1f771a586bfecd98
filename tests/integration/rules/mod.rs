//! `#[require(...)]`, `#[require_scope(...)]`, named rules and checks as handlers use them.

mod named;
mod truth;

use axum::http::StatusCode;
use countersign::{authenticated, require, require_role, require_scope, routes};
use serde_json::{Value, json};

use crate::support::{App, NOW, Role, User, forge, payload, payload_with};

#[require_scope("posts:write", "posts:admin")]
#[utoipa::path(get, path = "/scoped")]
async fn scoped(_: User) {}

#[require_scope("posts:write", live)]
#[utoipa::path(get, path = "/scoped-live")]
async fn scoped_live() {}

#[authenticated(deny_impersonated)]
#[utoipa::path(get, path = "/own")]
async fn own() {}

#[require_role("member", deny_impersonated)]
#[utoipa::path(get, path = "/own-member")]
async fn own_member() {}

#[require(role(Role::Member) && deny_impersonated)]
#[utoipa::path(get, path = "/own-rule")]
async fn own_rule() {}

#[require(role("member") && fresh("10m"))]
#[utoipa::path(get, path = "/fresh")]
async fn fresh() {}

#[require((role("admin") || scope("posts:write")) && live)]
#[utoipa::path(get, path = "/live")]
async fn live() {}

#[require(!role("support"))]
#[utoipa::path(get, path = "/but")]
async fn but(_: User) {}

fn app() -> App {
    App::routed(|router| {
        router
            .routes(routes!(scoped, scoped_live, own, own_member))
            .routes(routes!(own_rule, fresh, live, but))
    })
}

fn with_scopes(scopes: &str) -> String {
    forge(&payload_with("scope", scopes.into()))
}

#[tokio::test]
async fn any_of_the_scopes_suffices_and_no_other() {
    let app = app();
    app.get("/scoped", None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
    for scopes in ["", "posts", "posts:write:all", "POSTS:WRITE", "write", "posts:read"] {
        let answer = app.get("/scoped", Some(&with_scopes(scopes))).await;
        answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    }
    for scopes in ["posts:write", "posts:admin", "posts:read posts:admin"] {
        assert_eq!(app.get("/scoped", Some(&with_scopes(scopes))).await.status, StatusCode::OK, "{scopes}");
    }
}

#[tokio::test]
async fn a_role_of_the_same_name_is_no_scope() {
    let mut payload = payload();
    payload["roles"] = json!(["posts:write"]);
    let answer = app().get("/scoped", Some(&forge(&payload))).await;
    answer.refused(StatusCode::FORBIDDEN, "insufficient_scope");
}

#[tokio::test]
async fn conditions_beside_the_scopes_have_to_hold_too() {
    let app = app();
    let answer = app.get("/scoped-live", Some(&with_scopes("posts:write"))).await;
    answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// Row 61.
#[tokio::test]
async fn an_impersonated_user_is_refused_wherever_the_attribute_says_so() {
    let app = app();
    let impersonated = forge(&payload_with("act", json!({ "sub": "support-9" })));
    for path in ["/own", "/own-member", "/own-rule"] {
        assert_eq!(app.get(path, Some(&forge(&payload()))).await.status, StatusCode::OK, "{path}");
        assert_eq!(app.get(path, Some(&impersonated)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(app.get("/but", Some(&impersonated)).await.status, StatusCode::OK, "it does not ask");
}

/// Row 60.
#[tokio::test]
async fn a_sign_in_is_fresh_for_the_time_in_the_rule() {
    let app = app();
    for (age, status) in [(0, StatusCode::OK), (600, StatusCode::OK), (601, StatusCode::UNAUTHORIZED)] {
        let token = forge(&payload_with("auth_time", (NOW - age).into()));
        assert_eq!(app.get("/fresh", Some(&token)).await.status, status, "{age}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused_where_the_rule_says_live() {
    let app = app();
    let admin = app.login(&[Role::Admin]).await.access_token;
    assert_eq!(app.get("/live", Some(&admin)).await.status, StatusCode::OK);
    app.auth.logout_all(&7).await.unwrap();
    app.get("/live", Some(&admin)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn a_negated_role_refuses_its_holders_alone() {
    let app = app();
    for (roles, status) in [
        (json!([]), StatusCode::OK),
        (json!(["member"]), StatusCode::OK),
        (json!(["support"]), StatusCode::FORBIDDEN),
        (json!(["member", "support"]), StatusCode::FORBIDDEN),
    ] {
        let token = forge(&payload_with("roles", roles.clone()));
        assert_eq!(app.get("/but", Some(&token)).await.status, status, "{roles}");
    }
    app.get("/but", None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
}

fn operation(app: &App, path: &str) -> Value {
    serde_json::to_value(&app.api).unwrap()["paths"][path]["get"].clone()
}

#[test]
fn the_document_says_which_names_suffice() {
    let app = app();
    let security = |path| operation(&app, path)["security"].clone();
    assert_eq!(security("/scoped"), json!([{ "bearer": ["posts:write"] }, { "bearer": ["posts:admin"] }]));
    assert_eq!(security("/own"), json!([{ "bearer": [] }]));
    assert_eq!(security("/live"), json!([{ "bearer": ["admin"] }, { "bearer": ["posts:write"] }]));
    assert_eq!(security("/but"), json!([{ "bearer": [] }]));
}

#[test]
fn the_document_lists_the_refusals_that_a_rule_can_cause() {
    let app = app();
    let statuses = |path| {
        let responses = operation(&app, path)["responses"].as_object().unwrap().clone();
        responses.into_iter().map(|(status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(statuses("/scoped"), ["400", "401", "403"]);
    assert_eq!(statuses("/scoped-live"), ["400", "401", "403", "503"]);
    assert_eq!(statuses("/own"), ["400", "401", "403"]);
    assert_eq!(statuses("/live"), ["400", "401", "403", "503"]);
    let stale = operation(&app, "/fresh")["responses"]["401"]["description"].clone();
    assert_eq!(stale, "No valid access token, or the user signed in too long ago");
}
