//! A resource server that trusts the provider, and its clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::{Request, Response, header};
use countersign::token::Algorithm;
use countersign::{
    Auth, AuthRouter, Clock, Fetch, Issuer, Role, RoleSet as _, Session, SessionClaims, SystemClock,
    Timestamp, authenticated, require, require_role, routes,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone, Debug)]
pub(crate) struct User {
    #[claims(subject)]
    pub(crate) id: String,
    #[claims(roles)]
    pub(crate) roles: Vec<Role>,
    #[claims(scopes)]
    pub(crate) scopes: Vec<String>,
    pub(crate) email: Option<String>,
}

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me(session: Session<User>) -> Json<Value> {
    let user = session.claims();
    Json(json!({
        "id": user.id, "roles": user.roles.iter().map(|role| role.name()).collect::<Vec<_>>(), "scopes": user.scopes,
        "email": user.email, "issuer": session.issuer_name(), "client": session.client_id(), "sub": session.subject(),
    }))
}

#[require_role("admin")]
#[utoipa::path(get, path = "/admin")]
async fn admin() {}

#[require(machine && scope("sync"))]
#[utoipa::path(get, path = "/sync")]
async fn sync() {}

/// The clock of this machine, which a test sets forward: the provider signs with the time of this machine.
#[derive(Clone, Default)]
pub(crate) struct Ahead(Arc<AtomicU64>);

impl Ahead {
    pub(crate) fn advance(&self, minutes: u64) {
        self.0.fetch_add(60 * minutes, Ordering::Relaxed);
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock::default().now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// What a resource server says about the provider.
pub(crate) fn trusted(issuer: &str, fetch: impl Fetch) -> Issuer<User> {
    Issuer::discover(issuer)
        .named("provider")
        .audience("https://api.test")
        .rename_role("realm-admin", Role::Admin)
        .fetch(fetch)
}

/// A resource server.
pub(crate) struct Server {
    pub(crate) auth: Auth<User>,
    pub(crate) clock: Ahead,
    router: axum::Router,
}

impl Server {
    /// Trusts the provider at this address, through `reqwest`.
    pub(crate) fn trusting(issuer: &str) -> Self {
        Self::of(trusted(issuer, reqwest::Client::new()))
    }

    /// Accepts these algorithms only.
    pub(crate) fn accepting(issuer: &str, algorithms: &[Algorithm]) -> Self {
        Self::of(trusted(issuer, reqwest::Client::new()).algorithms(algorithms.iter().copied()))
    }

    pub(crate) fn of(issuer: Issuer<User>) -> Self {
        let clock = Ahead::default();
        let auth = Auth::builder().trust(issuer).clock(clock.clone()).build().unwrap();
        let router = AuthRouter::new().routes(routes!(me, admin, sync)).with_state(auth.clone()).into();
        Self { auth, clock, router }
    }

    pub(crate) async fn answer(&self, path: &str, token: &str) -> Response<Body> {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The status of the answer.
    pub(crate) async fn ask(&self, path: &str, token: &str) -> u16 {
        self.answer(path, token).await.status().as_u16()
    }

    /// What the server knows about the user.
    pub(crate) async fn me(&self, token: &str) -> Value {
        let body = self.answer("/me", token).await.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }
}
