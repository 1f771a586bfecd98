//! `live` in an access attribute.

use std::sync::Arc;

use axum::http::StatusCode;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::{authenticated, require_role, routes};

use crate::support::{App, Role, SECOND};

#[authenticated(live)]
#[utoipa::path(get, path = "/payouts")]
async fn payouts() {}

#[require_role("admin", "support", live)]
#[utoipa::path(get, path = "/refunds")]
async fn refunds() {}

fn app(store: &Arc<FaultyStore<MemoryStore>>) -> App {
    App::build_with(
        |builder| builder.store(Arc::clone(store)),
        |router| router.routes(routes!(payouts, refunds)),
    )
}

fn store() -> Arc<FaultyStore<MemoryStore>> {
    Arc::new(FaultyStore::new(MemoryStore::new()))
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused_where_the_attribute_says_live() {
    let app = app(&store());
    let admin = app.login(&[Role::Admin]).await.access_token;
    for path in ["/payouts", "/refunds"] {
        app.get(path, None).await.refused(StatusCode::UNAUTHORIZED, "missing_credentials");
        assert_eq!(app.get(path, Some(&admin)).await.status, StatusCode::OK);
    }
    app.auth.logout_all(&7).await.unwrap();
    for path in ["/payouts", "/refunds"] {
        app.get(path, Some(&admin)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert_eq!(app.get("/admin", Some(&admin)).await.status, StatusCode::OK, "it does not look");
}

#[tokio::test]
async fn an_attribute_with_roles_and_live_asks_for_both() {
    let app = app(&store());
    for (role, status) in [
        (Role::Member, StatusCode::FORBIDDEN),
        (Role::Editor, StatusCode::FORBIDDEN),
        (Role::Support, StatusCode::OK),
        (Role::Admin, StatusCode::OK),
    ] {
        let token = app.login(&[role]).await.access_token;
        assert_eq!(app.get("/refunds", Some(&token)).await.status, status, "{role}");
        app.auth.logout_all(&7).await.unwrap();
        let answer = app.get("/refunds", Some(&token)).await;
        answer.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
}

#[tokio::test]
async fn an_attribute_that_says_live_is_503_when_the_store_does_not_answer() {
    let store = store();
    let app = app(&store);
    let token = app.login(&[Role::Admin]).await.access_token;
    store.inject(Fault::Read);
    for path in ["/payouts", "/refunds"] {
        let answer = app.get(path, Some(&token)).await;
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        app.get(path, Some("not-a-token")).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }
    assert_eq!(app.get("/admin", Some(&token)).await.status, StatusCode::OK);
}

/// Row 58: the token that still names the role is good until the next refresh, except on routes that demand a live session.
#[tokio::test]
async fn a_removed_role_ends_at_once_where_the_attribute_says_live() {
    let app = app(&store());
    let admin = app.login(&[Role::Admin]).await;
    assert_eq!(app.get("/refunds", Some(&admin.access_token)).await.status, StatusCode::OK);
    // From here on, the application's data has the user as a member alone.
    app.clock.advance(SECOND);
    app.auth.expire_access_tokens(&7).await.unwrap();
    app.get("/refunds", Some(&admin.access_token)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(app.get("/admin", Some(&admin.access_token)).await.status, StatusCode::OK, "it does not look");
    app.clock.advance(SECOND);
    let member = app.auth.refresh(&admin.refresh_token).await.unwrap().access_token;
    app.get("/refunds", Some(&member)).await.refused(StatusCode::FORBIDDEN, "insufficient_scope");
    app.get("/admin", Some(&member)).await.refused(StatusCode::FORBIDDEN, "insufficient_scope");
}

#[tokio::test]
async fn ended_access_tokens_are_refused_where_the_attribute_says_live() {
    let app = app(&store());
    let token = app.login(&[Role::Admin]).await.access_token;
    app.auth.expire_access_tokens(&7).await.unwrap();
    app.clock.advance(SECOND);
    app.get("/payouts", Some(&token)).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let next = app.login(&[Role::Admin]).await.access_token;
    assert_eq!(app.get("/payouts", Some(&next)).await.status, StatusCode::OK);
}
