//! Every route of an `AuthRouter` has an access: services, fallbacks, pages, whole sections.

mod fallbacks;
mod guards;
mod matrix_rows;
mod methods;
mod pages;
mod services;

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use countersign::testing::TestClock;
use countersign::{Access, Auth, AuthRouter, DeclaredWhere};
use tower::ServiceExt as _;

use crate::support::{Answer, NOW, Role, User, builder, forge, payload, payload_with, request};

pub(crate) fn auth() -> Auth<User> {
    builder(&TestClock::at(NOW)).build().unwrap()
}

/// A token of a user with these roles.
pub(crate) fn token(roles: &[Role]) -> String {
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    forge(&payload_with("roles", serde_json::json!(names)))
}

pub(crate) async fn send(router: &Router, request: Request) -> Answer {
    Answer::read(router.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn ask(router: &Router, method: Method, path: &str, token: Option<&str>) -> Answer {
    send(router, request(method, path, token, Body::empty())).await
}

/// The answers to an anonymous caller, a member and an administrator.
pub(crate) async fn statuses(router: &Router, method: Method, path: &str) -> [u16; 3] {
    let (member, admin) = (forge(&payload()), token(&[Role::Admin]));
    let mut statuses = [0; 3];
    for (status, token) in statuses.iter_mut().zip([None, Some(&*member), Some(&*admin)]) {
        *status = ask(router, method.clone(), path, token).await.status.as_u16();
    }
    statuses
}

/// A router with its state, ready for requests.
pub(crate) fn finished(router: AuthRouter<Auth<User>>, auth: &Auth<User>) -> Router {
    router.with_state::<()>(auth.clone()).into()
}

/// Method, path and access of every row, and where that is declared; services first.
pub(crate) fn rows<S: Clone + Send + Sync + 'static>(
    router: &AuthRouter<S>,
) -> Vec<(String, String, DeclaredWhere)> {
    let matrix = router.access_matrix();
    let rows = matrix
        .rows()
        .iter()
        .map(|row| (format!("{} {}", row.method(), row.path()), row.access().to_string(), row.declared()));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    rows
}

fn row(route: &str, access: &str, declared: DeclaredWhere) -> (String, String, DeclaredWhere) {
    (route.to_owned(), access.to_owned(), declared)
}

fn access_at<S: Clone + Send + Sync + 'static>(router: &AuthRouter<S>, route: &str) -> Access {
    let matrix = router.access_matrix();
    let row = matrix.rows().iter().find(|row| format!("{} {}", row.method(), row.path()) == route);
    row.unwrap_or_else(|| panic!("no row for {route}")).access()
}

/// The panic message of a router that is composed wrongly.
pub(crate) fn panic_of<T>(build: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(build)) else { panic!("it did not panic") };
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// Answers with a text that must not be seen without the access.
async fn secret() -> &'static str {
    "secret"
}

async fn not_allowed() -> StatusCode {
    StatusCode::IM_A_TEAPOT
}
