//! Access tokens that another server has signed.

mod beside;
mod document;
mod machines;
mod mapping;
mod probe;
mod profiles;
mod refusals;
mod start;

use axum::Json;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use countersign::store::MemoryStore;
use countersign::testing::{TestClock, TestIssuer};
use countersign::{
    Auth, AuthBuilder, AuthRouter, Issuer, Role, RoleSet, Session, SessionClaims, authenticated, require,
    require_role, require_scope, routes,
};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{ACCESS_SECRET, AUDIENCE, ISSUER, NOW, REFRESH_SECRET, key};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Serialize, Clone, Debug, PartialEq)]
pub(super) struct User {
    #[claims(subject)]
    pub(super) id: String,
    #[claims(roles)]
    pub(super) roles: Vec<Role>,
    #[claims(scopes)]
    pub(super) scopes: Vec<String>,
    pub(super) email: Option<String>,
}

impl User {
    /// A user without roles.
    pub(super) fn named(id: &str) -> Self {
        Self { id: id.to_owned(), roles: Vec::new(), scopes: Vec::new(), email: None }
    }
}

/// Everything that a handler can know about its caller.
#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(session: Session<User>) -> Json<Value> {
    let user = session.claims();
    Json(json!({
        "id": user.id, "roles": user.roles.iter().map(RoleSet::name).collect::<Vec<_>>(),
        "scopes": user.scopes, "email": user.email, "sub": session.subject(), "iss": session.issuer(),
        "issuer": session.issuer_name(), "client": session.client_id(), "machine": session.is_machine(),
        "own": session.id().is_some(), "token": session.token_id(),
        "signed_in": session.authenticated_at().map(countersign::Timestamp::unix), "actor": session.actor(),
    }))
}

#[utoipa::path(get, path = "/greeting")]
async fn greeting(user: Option<User>) -> String {
    user.map_or_else(|| "nobody".to_owned(), |user| user.id)
}

#[require_role("admin")]
#[utoipa::path(get, path = "/admin")]
async fn admin() {}

#[require_scope("posts:write")]
#[utoipa::path(get, path = "/posts")]
async fn posts() {}

#[authenticated(live)]
#[utoipa::path(get, path = "/live")]
async fn live() {}

#[authenticated(both_tokens)]
#[utoipa::path(get, path = "/both")]
async fn both() {}

#[require(fresh("10m"))]
#[utoipa::path(get, path = "/fresh")]
async fn fresh() {}

pub(super) struct App {
    pub(super) auth: Auth<User>,
    router: axum::Router,
}

impl App {
    /// A resource server that trusts this issuer, at [`NOW`].
    pub(super) fn trusting(issuer: Issuer<User>) -> Self {
        Self::of(Auth::builder().trust(issuer), &TestClock::at(NOW))
    }

    pub(super) fn of(builder: AuthBuilder<User>, clock: &TestClock) -> Self {
        Self::with(AuthRouter::new(), builder, clock)
    }

    /// A server whose routes demand sessions of its own, too.
    pub(super) fn looking_up(builder: AuthBuilder<User>, clock: &TestClock) -> Self {
        Self::with(AuthRouter::new().routes(routes!(live)).routes(routes!(both)), builder, clock)
    }

    fn with(router: AuthRouter<Auth<User>>, builder: AuthBuilder<User>, clock: &TestClock) -> Self {
        let auth = builder.clock(clock.clone()).build().unwrap();
        let (router, _) = router
            .routes(routes!(me))
            .routes(routes!(greeting))
            .routes(routes!(admin))
            .routes(routes!(posts))
            .routes(routes!(fresh))
            .with_state(auth.clone())
            .split_for_parts();
        Self { auth, router }
    }

    /// The status of the answer to a request with this token, and its body.
    pub(super) async fn ask(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The status of the answer to a request for `/me` with these headers.
    pub(super) async fn send(&self, headers: &[(&str, &str)]) -> u16 {
        let request =
            headers.iter().fold(Request::get("/me"), |request, (name, value)| request.header(*name, *value));
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        answer.status().as_u16()
    }

    pub(super) async fn status(&self, path: &str, token: &str) -> u16 {
        self.ask(path, token).await.0.as_u16()
    }
}

/// A server with sessions of its own.
pub(super) fn with_sessions() -> AuthBuilder<User> {
    Auth::builder()
        .access_key(key(ACCESS_SECRET))
        .refresh_key(key(REFRESH_SECRET))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::new())
        .claims_source(|id: String| async move { Ok(Some(User::named(&id))) })
}

pub(super) fn acme() -> TestIssuer {
    TestIssuer::new("acme")
}
