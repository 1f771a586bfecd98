//! The route as a user of Countersign writes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use countersign::session::SessionMetadata;
use countersign::store::MemoryStore;
use countersign::token::{Algorithm, Key};
use countersign::{Auth, Clock, Role, Session, SessionClaims, SystemClock, Timestamp, authenticated};
use tower::ServiceExt as _;

use crate::{AUDIENCE, ED25519, ISSUER, P256, REFRESH_SECRET, RSA, SECRET};

#[derive(Role, Clone, Copy, Debug)]
pub(crate) enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone, Debug)]
pub(crate) struct User {
    #[claims(subject)]
    id: u64,
    #[claims(roles)]
    roles: Vec<Role>,
    email: String,
}

#[authenticated]
async fn me(user: User) -> String {
    user.id.to_string()
}

#[authenticated]
async fn me_twice(user: User, session: Session<User>) -> String {
    debug_assert_eq!(user.id, session.claims().id);
    user.id.to_string()
}

#[authenticated(live)]
async fn live(user: User) -> String {
    user.id.to_string()
}

pub(crate) fn live_router(auth: Auth<User>) -> Router {
    Router::new().route("/me", axum::routing::get(live)).with_state(auth)
}

pub(crate) fn router(auth: Auth<User>) -> Router {
    Router::new().route("/me", axum::routing::get(me)).with_state(auth)
}

/// A handler with a second extractor of the same token.
pub(crate) fn router_of_two(auth: Auth<User>) -> Router {
    Router::new().route("/me", axum::routing::get(me_twice)).with_state(auth)
}

/// The system's time, or a second later: a token from the second in which the feed is first read is looked up.
#[derive(Clone, Default)]
struct SecondLater(Arc<AtomicBool>);

impl Clock for SecondLater {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.millis().div_euclid(1000))
    }

    fn millis(&self) -> i64 {
        SystemClock::default().millis() + if self.0.load(Ordering::Relaxed) { 1000 } else { 0 }
    }
}

/// What an `Auth` does.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) algorithm: Algorithm,
    pub(crate) from_feed: bool,
    /// How many tokens it remembers.
    pub(crate) remembered: usize,
}

/// An `Auth`, and so many access tokens of it.
pub(crate) fn auth(settings: Settings, tokens: usize) -> (Auth<User>, Vec<String>) {
    let algorithm = settings.algorithm;
    let key = match algorithm {
        Algorithm::Es256 => Key::from_private_pem(algorithm, P256),
        Algorithm::EdDsa => Key::from_private_pem(algorithm, ED25519),
        Algorithm::Rs256 => Key::from_private_pem(algorithm, RSA),
        _ => Key::from_secret(algorithm, SECRET),
    };
    let clock = SecondLater::default();
    let builder = if settings.from_feed { Auth::<User>::builder().live_from_feed() } else { Auth::builder() };
    let auth = builder
        .clock(clock.clone())
        .access_key(key.expect("the key is good"))
        .refresh_key(Key::from_secret(Algorithm::Hs256, REFRESH_SECRET).expect("the key is good"))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .store(MemoryStore::default())
        .claims_source(|_| async { Ok(None) })
        .remember_tokens(settings.remembered)
        .build()
        .expect("the configuration is good");
    let user = User { id: 7, roles: vec![Role::Admin], email: "ada@example.com".to_owned() };
    let token = || {
        let login = auth.login(&user, SessionMetadata::default());
        crate::now(login).expect("the store is in memory").access_token
    };
    let request = crate::App::request_with(&token());
    let listens = crate::now(live_router(auth.clone()).oneshot(request)).is_ok();
    assert!(listens, "the feed is read from now on");
    clock.0.store(true, Ordering::Relaxed);
    let tokens = (0..tokens).map(|_| token()).collect();
    (auth, tokens)
}
