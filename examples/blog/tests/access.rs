//! Access, proven: the matrix is the committed one, every route enforces its declared access, and drafts stay hidden.

#![allow(clippy::unwrap_used, reason = "in a test that is how it fails")]

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{Request, StatusCode};
use axum::{Json, Router};
use blog::access::{Role, User};
use blog::accounts::Accounts;
use blog::posts::{Draft, Posts};
use blog::{AppState, auth, handlers, router};
use countersign::assert_access_matrix;
use countersign::testing::{AccessProbe, TokenForge, granted};
use tower::ServiceExt as _;

fn state() -> AppState {
    let accounts = Accounts::demo().unwrap();
    let auth = auth(&accounts).unwrap().build().unwrap();
    let posts = Posts::default();
    for title in ["On numbers", "On machines"] {
        posts.add(3, Draft { title: title.to_owned(), text: "Computable ones.".to_owned() });
    }
    AppState { auth, accounts, posts }
}

#[test]
fn the_access_matrix_is_the_committed_one() {
    assert_access_matrix!(router(state()).access_matrix(), "access.md");
}

#[tokio::test]
async fn every_route_enforces_its_declared_access() {
    let state = state();
    let auth = state.auth.clone();
    let user = User { id: 3, roles: vec![Role::Reader], scopes: Vec::new(), name: "alan".to_owned() };
    // Post 2 is the caller's, and user 2 one for whom an administrator may act.
    AccessProbe::new(router(state), &auth).claims(user).param("id", "2").run().await.assert_no_gaps();
}

/// Rows 56 and 57: another user's draft looks like one that does not exist.
#[tokio::test]
async fn a_foreign_draft_and_a_missing_one_look_the_same() {
    let state = state();
    let reader = state.accounts.find(4).unwrap();
    let author = state.accounts.find(3).unwrap();
    let editor = state.accounts.find(2).unwrap();
    let forge = TokenForge::of(&state.auth);
    let tokens = [forge.token(&reader).await, forge.token(&author).await, forge.token(&editor).await];
    let app = Router::from(router(state));
    let answer = async |path: &str, token: &str| {
        let request = Request::get(path).header(AUTHORIZATION, format!("Bearer {token}"));
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, to_bytes(body, 10_000).await.unwrap())
    };
    let [reader, author, editor] = &tokens;
    let foreign = answer("/posts/1", reader).await;
    assert_eq!(foreign.0, StatusCode::NOT_FOUND);
    assert_eq!(foreign, answer("/posts/9", reader).await);
    assert_eq!(foreign, answer("/posts/9", editor).await, "the handler's own answer");
    assert_eq!(answer("/posts/1", author).await.0, StatusCode::OK);
    assert_eq!(answer("/posts/1", editor).await.0, StatusCode::OK);
}

/// Guarded handlers are functions, and services that demand a proof can be tested without a request.
#[tokio::test]
async fn functions_that_demand_a_proof_are_tested_without_a_request() {
    let posts = state().posts;
    assert!(posts.published().is_empty());
    posts.publish(&granted(), 1).unwrap();
    let Json(published) = handlers::posts(granted(), State(posts)).await;
    assert_eq!(published.len(), 1);
}
