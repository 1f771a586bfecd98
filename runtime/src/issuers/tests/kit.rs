//! An issuer that does what a test says, and keys of it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use curve25519_dalek::{EdwardsPoint, Scalar};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::clock::{Clock as _, Timestamp};
use crate::issuers::discovery::Remote;
use crate::issuers::fetch::{Fetch, FetchError, FetchRequest, Fetched};
use crate::issuers::keys::{Found, IssuerKeys, VerifyingKey};
use crate::testing::TestClock;
use crate::token::Algorithm;

pub(super) const START: i64 = 1_700_000_000;
pub(super) const KEYS: &str = "https://login.example.com/keys";
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A JWK of Ed25519 with the id `k` and the number, whose private key is the number.
pub(super) fn jwk(number: u64) -> Value {
    let point = EdwardsPoint::mul_base(&Scalar::from(number + 1)).compress();
    let x = URL_SAFE_NO_PAD.encode(point.as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": format!("k{number}"), "x": x })
}

pub(super) fn jwks(numbers: &[u64]) -> String {
    json!({ "keys": numbers.iter().map(|number| jwk(*number)).collect::<Vec<_>>() }).to_string()
}

/// What the endpoint does.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    /// Answers with its keys.
    Works,
    /// Answers with its keys once the test lets it.
    Held,
    /// Cannot be reached.
    IsDown,
    /// Never answers.
    Hangs,
    Panics,
    /// Answers with this status.
    Status(u16),
    /// Answers with this text.
    Text(String),
    /// Answers from another address.
    IsAt(&'static str),
}

/// An issuer. Clones are the same issuer.
#[derive(Clone)]
pub(super) struct Issuer {
    state: Arc<Mutex<State>>,
    gate: Arc<Semaphore>,
}

pub(super) struct State {
    pub(super) endpoint: Endpoint,
    pub(super) keys: Vec<u64>,
    pub(super) cache_control: Option<&'static str>,
    pub(super) asked: usize,
}

impl Issuer {
    pub(super) fn with_keys(keys: &[u64]) -> Self {
        let state = State { endpoint: Endpoint::Works, keys: keys.to_vec(), cache_control: None, asked: 0 };
        Self { state: Arc::new(Mutex::new(state)), gate: Arc::new(Semaphore::new(0)) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn set(&self, endpoint: Endpoint) {
        self.state().endpoint = endpoint;
    }

    pub(super) fn rotate(&self, keys: &[u64]) {
        self.state().keys = keys.to_vec();
    }

    pub(super) fn asked(&self) -> usize {
        self.state().asked
    }

    /// Lets one held answer go.
    pub(super) fn let_go(&self) {
        self.gate.add_permits(1);
    }

    fn answer(&self) -> Fetched {
        let state = self.state();
        let fetched = Fetched::new(StatusCode::OK, jwks(&state.keys));
        match state.cache_control {
            Some(value) => fetched.with_header(CACHE_CONTROL, HeaderValue::from_static(value)),
            None => fetched,
        }
    }
}

impl Fetch for Issuer {
    async fn get(&self, _: FetchRequest) -> Result<Fetched, FetchError> {
        let endpoint = {
            let mut state = self.state();
            state.asked += 1;
            state.endpoint.clone()
        };
        match endpoint {
            Endpoint::Works => Ok(self.answer()),
            Endpoint::Held => {
                // As they are when the request comes.
                let answer = self.answer();
                self.gate.acquire().await.unwrap().forget();
                Ok(answer)
            }
            Endpoint::IsDown => Err(FetchError::other("connection refused")),
            Endpoint::Hangs => std::future::pending().await,
            Endpoint::Panics => panic!("the client panics, as this test wants"),
            Endpoint::Status(status) => Ok(Fetched::new(StatusCode::from_u16(status).unwrap(), jwks(&[1]))),
            Endpoint::Text(text) => Ok(Fetched::new(StatusCode::OK, text)),
            Endpoint::IsAt(url) => Ok(self.answer().with_final_url(url)),
        }
    }
}

/// A server that trusts one issuer.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) keys: IssuerKeys,
    pub(super) issuer: Issuer,
    pub(super) clock: TestClock,
}

impl Server {
    pub(super) fn with_keys(keys: &[u64]) -> Self {
        let (clock, issuer) = (TestClock::at(START), Issuer::with_keys(keys));
        let remote = Remote::keys_at(KEYS, vec![Algorithm::EdDsa], Box::new(issuer.clone())).unwrap();
        let keys = IssuerKeys::remote("https://login.example.com", remote, Arc::new(clock.clone()));
        Self { keys, issuer, clock }
    }

    /// A server that has fetched the keys of the issuer.
    pub(super) async fn running(keys: &[u64]) -> Self {
        let server = Self::with_keys(keys);
        server.keys.start();
        settle().await;
        assert_eq!(server.issuer.asked(), 1);
        server
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The key that is found without waiting.
    pub(super) fn at_once(&self, kid: &str) -> Option<VerifyingKey> {
        self.keys.find(Some(kid), Algorithm::EdDsa, self.now())
    }

    pub(super) async fn find(&self, kid: &str) -> Found {
        self.keys.find_or_fetch(Some(kid), Algorithm::EdDsa).await
    }

    /// The name of what is found.
    pub(super) async fn look(&self, kid: &str) -> &'static str {
        named(&self.find(kid).await)
    }

    pub(super) async fn key(&self, kid: &str) -> VerifyingKey {
        match self.find(kid).await {
            Found::Key(key) => key,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn named(found: &Found) -> &'static str {
    match found {
        Found::Key(_) => "key",
        Found::Unknown => "unknown",
        Found::NoSetYet(_) => "no set yet",
        Found::TooOld(_) => "too old",
        Found::Unreachable(_) => "unreachable",
    }
}

/// Lets all other tasks go on until they wait for something that a test does.
pub(super) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
