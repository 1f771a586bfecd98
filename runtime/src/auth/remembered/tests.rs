//! Row 179: what is remembered is judged anew at each use. Expected answers come from an `Auth` beside it that remembers nothing.

use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::json;
use tower::ServiceExt as _;

use super::USUAL;
use crate::session::SessionMetadata;
use crate::store::MemoryStore;
use crate::testing::{TestClock, TestIssuer};
use crate::token::{Algorithm, Key, KeyRing, KeySet, verifications_of_this_thread};
use crate::{Auth, Fetched, Issuer, Role, Session, SessionClaims, authenticated, require_role};

const P256: &str = include_str!("../../token/testdata/test_key_p256.pem");
const ED25519: &str = include_str!("../../token/testdata/test_key_ed25519.pem");
const RSA: &str = include_str!("../../token/testdata/test_key_rsa2048.pem");
const REFRESH: &str = "1FZ9OKVgc9oDv4msSLy7pkaaRmHQSruCMj-M681hDNWDt0K7";

#[derive(Role, Clone, Copy, Debug, PartialEq)]
enum Role {
    Member,
    Admin,
}

#[derive(SessionClaims, Clone, Debug, PartialEq)]
struct User {
    #[claims(subject)]
    id: String,
    #[claims(roles)]
    roles: Vec<Role>,
}

#[authenticated]
async fn me(user: User, session: Session<User>) -> String {
    format!("{user:?} {:?} {:?} {:?}", session.id(), session.token_id(), session.expires_at())
}

#[authenticated(live)]
async fn live() {}

#[require_role("admin")]
async fn admin() {}

const ROUTES: [&str; 3] = ["/me", "/live", "/admin"];

/// Everything that a client learns.
#[derive(Debug, PartialEq)]
struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    body: String,
}

/// Servers that share keys, issuer, store and clock, and remember so many tokens each.
struct Servers {
    all: Vec<(Auth<User>, axum::Router)>,
    clock: TestClock,
    issuer: TestIssuer,
}

fn key(algorithm: Algorithm) -> Key {
    let pem = match algorithm {
        Algorithm::Es256 => P256,
        Algorithm::EdDsa => ED25519,
        Algorithm::Rs256 => RSA,
        _ => return Key::generate_secret(algorithm).unwrap(),
    };
    Key::from_private_pem(algorithm, pem).unwrap()
}

fn set(keys: &[Key]) -> KeySet {
    let mut keys = keys.iter().cloned();
    let first = KeySet::new(keys.next().unwrap()).unwrap();
    keys.try_fold(first, KeySet::accept).unwrap()
}

impl Servers {
    fn new(keys: &[Key], remembered: &[usize]) -> Self {
        let (issuer, store) = (TestIssuer::new("acme"), MemoryStore::new());
        let clock = TestClock::at(issuer.claims()["iat"].as_i64().unwrap());
        let server = |remembered: &usize| {
            let auth = Auth::<User>::builder()
                .access_keys(set(keys))
                .refresh_key(Key::from_secret(Algorithm::Hs256, REFRESH).unwrap())
                .issuer("https://own.test")
                .audience("https://api.test")
                .store(store.clone())
                .claims_source(|_| async { Ok(None) })
                .clock(clock.clone())
                .trust(issuer.issuer().shares_subjects())
                .remember_tokens(*remembered)
                .build()
                .unwrap();
            let router = axum::Router::new()
                .route("/me", get(me))
                .route("/live", get(live))
                .route("/admin", get(admin))
                .with_state(auth.clone());
            (auth, router)
        };
        Self { all: remembered.iter().map(server).collect(), clock, issuer }
    }

    fn auth(&self) -> &Auth<User> {
        &self.all[0].0
    }

    fn remembered(&self) -> usize {
        self.auth().inner.remembered.as_ref().map_or(0, |remembered| remembered.tokens.len())
    }

    async fn login(&self, roles: &[Role]) -> String {
        let user = User { id: "ada".to_owned(), roles: roles.to_vec() };
        self.auth().login(&user, SessionMetadata::default()).await.unwrap().access_token
    }

    async fn answer(&self, server: usize, route: &str, token: &str) -> Answer {
        let request = Request::get(route).header(AUTHORIZATION, format!("Bearer {token}"));
        let router = self.all[server].1.clone();
        let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let challenge = answer.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        Answer { status, challenge, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The status with which the first server answers.
    async fn status(&self, route: &str, token: &str) -> u16 {
        self.answer(0, route, token).await.status.as_u16()
    }
}

/// A token with another last but one character of its signature.
fn forged(token: &str) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let place = bytes.len() - 2;
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

/// The same payload under a header without `kid`, which is accepted while there is one key alone.
fn unnamed(token: &str, key: &Key) -> String {
    let payload = token.split('.').nth(1).unwrap();
    let header = json!({ "typ": "at+jwt", "alg": key.algorithm().name() }).to_string();
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
    let signature = key.sign(&message).unwrap();
    format!("{message}.{signature}")
}

/// Own tokens of every kind, and an issuer's.
const KINDS: [Option<Algorithm>; 5] =
    [Some(Algorithm::Hs256), Some(Algorithm::Es256), Some(Algorithm::EdDsa), Some(Algorithm::Rs256), None];

/// A server with one key, and a token of that kind which it remembers.
async fn remembering(kind: Option<Algorithm>, remembered: usize) -> (Servers, String) {
    let servers = Servers::new(&[key(kind.unwrap_or(Algorithm::Es256))], &[remembered]);
    let token = match kind {
        Some(_) => servers.login(&[Role::Member]).await,
        None => servers.issuer.token(json!({ "sub": "ada", "roles": ["member"] })),
    };
    for _ in 0..3 {
        assert_eq!(servers.status("/me", &token).await, 200, "{kind:?}");
    }
    (servers, token)
}

/// Row 179.
#[tokio::test]
async fn the_signature_of_a_remembered_token_is_not_verified_again() {
    for kind in KINDS {
        for (remembered, expected) in [(4096, 0), (0, 5)] {
            let (servers, token) = remembering(kind, remembered).await;
            let before = verifications_of_this_thread();
            for _ in 0..5 {
                assert_eq!(servers.status("/me", &token).await, 200);
            }
            assert_eq!(verifications_of_this_thread() - before, expected, "{kind:?}, {remembered}");
        }
    }
}

/// Row 179: after `exp`, to the second.
#[tokio::test]
async fn a_remembered_token_ends_with_its_time() {
    for kind in KINDS {
        let (servers, token) = remembering(kind, 4096).await;
        let life = if kind.is_some() { 15 * 60 } else { 3600 };
        servers.clock.advance(Duration::from_secs(life + 59));
        assert_eq!(servers.status("/me", &token).await, 200, "{kind:?}: within the leeway");
        servers.clock.advance(Duration::from_secs(1));
        assert_eq!(servers.status("/me", &token).await, 401, "{kind:?}");
        assert_eq!(servers.remembered(), 0, "{kind:?}");
    }
}

/// Row 179: after its session ended, and under another rule.
#[tokio::test]
async fn what_a_route_demands_is_asked_of_a_remembered_token_each_time() {
    for kind in KINDS {
        let (servers, token) = remembering(kind, 4096).await;
        let live = if kind.is_some() { 200 } else { 403 };
        assert_eq!(servers.status("/live", &token).await, live, "{kind:?}");
        assert_eq!(servers.status("/admin", &token).await, 403, "{kind:?}: it is no admin's");
        servers.auth().logout(&token).await.unwrap();
        let ended = if kind.is_some() { 401 } else { 403 };
        assert_eq!(servers.status("/live", &token).await, ended, "{kind:?}: the session has ended");
        assert_eq!(servers.status("/me", &token).await, 200, "{kind:?}: nothing asks for the session");
    }
}

/// Row 179: after its key left, while it stays, and when it comes back.
#[tokio::test]
async fn a_remembered_token_ends_with_its_key() {
    for kind in KINDS.into_iter().flatten() {
        let old = key(kind);
        let new = key(match kind {
            Algorithm::Hs256 => Algorithm::Hs256,
            Algorithm::Es256 => Algorithm::EdDsa,
            _ => Algorithm::Es256,
        });
        let servers = Servers::new(std::slice::from_ref(&old), &[4096]);
        let token = servers.login(&[]).await;
        let nameless = unnamed(&token, &old);
        for token in [&token, &token, &token, &nameless, &nameless] {
            assert_eq!(servers.status("/me", token).await, 200, "{kind}");
        }
        let replace = |keys: &[Key]| servers.auth().replace_access_keys(set(keys)).unwrap();
        replace(&[new.clone(), old.clone()]);
        let before = verifications_of_this_thread();
        assert_eq!(servers.status("/me", &token).await, 200, "{kind}: its key stays");
        assert_eq!(verifications_of_this_thread(), before, "{kind}: it is still remembered");
        assert_eq!(servers.status("/me", &nameless).await, 401, "{kind}: it names none of the two");
        replace(std::slice::from_ref(&new));
        assert_eq!(servers.status("/me", &token).await, 401, "{kind}: its key has left");
        replace(&[new.clone(), old.clone()]);
        assert_eq!(servers.status("/me", &token).await, 200, "{kind}: its key is back");
        // Another id is another key to a token that names one.
        replace(&[new, old.with_kid("renamed").unwrap()]);
        assert_eq!(servers.status("/me", &token).await, 401, "{kind}: its key has another name");
    }
}

/// Row 179: after the keys of its issuer were forgotten, it is verified again.
#[tokio::test]
async fn a_remembered_token_of_an_issuer_ends_with_the_keys_of_the_issuer() {
    let (mut servers, key) = (Servers::new(&[key(Algorithm::Es256)], &[4096]), key(Algorithm::EdDsa));
    let set = KeySet::verify_only([key.clone()]).unwrap().public_jwks();
    let fetch = move |_| {
        let set = set.clone();
        async move { Ok(Fetched::new(StatusCode::OK, set)) }
    };
    let issuer = Issuer::jwks(servers.issuer.url(), format!("{}/keys", servers.issuer.url()));
    let auth = Auth::<User>::builder()
        .trust(issuer.named("acme").audience("https://api.test").fetch(fetch))
        .clock(servers.clock.clone())
        .build()
        .unwrap();
    servers.all = vec![(auth.clone(), axum::Router::new().route("/me", get(me)).with_state(auth))];
    let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": key.kid() }).to_string();
    let claims = servers.issuer.token(json!({ "roles": ["member"] }));
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), claims.split('.').nth(1).unwrap());
    let token = format!("{message}.{}", key.sign(&message).unwrap());
    for (is_forgotten, expected) in [(false, 1), (false, 0), (true, 1), (false, 0)] {
        assert!(!is_forgotten || servers.auth().forget_issuer_keys("acme"));
        let before = verifications_of_this_thread();
        assert_eq!(servers.status("/me", &token).await, 200);
        assert_eq!(verifications_of_this_thread() - before, expected, "forgotten: {is_forgotten}");
    }
}

/// Row 178.
#[tokio::test]
async fn a_remembered_token_of_a_revoked_key_is_refused_at_once() {
    let clock = TestClock::at(1_800_000_000);
    let secret = "jTq6kZr0Wn1xYvB3cLm8sPdF5gHu2aEo4iKXwNzQ7RM";
    let ring = KeyRing::builder(MemoryStore::new(), secret).clock(clock.clone()).open().await.unwrap();
    let mut servers = Servers::new(&[key(Algorithm::Es256)], &[4096]);
    let auth = Auth::<User>::builder()
        .key_ring(ring.clone())
        .refresh_key(Key::from_secret(Algorithm::Hs256, REFRESH).unwrap())
        .issuer("https://own.test")
        .audience("https://api.test")
        .store(MemoryStore::new())
        .claims_source(|_| async { Ok(None) })
        .clock(clock)
        .build()
        .unwrap();
    servers.all = vec![(auth.clone(), axum::Router::new().route("/me", get(me)).with_state(auth))];
    let token = servers.login(&[]).await;
    for _ in 0..3 {
        assert_eq!(servers.status("/me", &token).await, 200);
    }
    ring.rotate_now().await.unwrap();
    let before = verifications_of_this_thread();
    assert_eq!(servers.status("/me", &token).await, 200, "its key stays");
    assert_eq!(verifications_of_this_thread(), before);
    assert!(ring.revoke_key(&ring.signing_kid()).await.unwrap());
    assert_eq!(servers.status("/me", &token).await, 401);
}

/// Row 179: only good tokens are remembered, and a bad one that looks like a remembered one is refused.
#[tokio::test]
async fn a_refused_token_is_not_remembered() {
    for kind in KINDS {
        let (servers, token) = remembering(kind, 4096).await;
        let (message, signature) = token.rsplit_once('.').unwrap();
        let bad = [
            forged(&token),
            format!("{message}."),
            message.to_owned(),
            format!("{message}x.{signature}"),
            format!("x{message}.{signature}"),
            format!("{token}."),
            format!("{}.{signature}", message.rsplit_once('.').unwrap().0),
            format!("{}{token}", "x".repeat(9000)),
        ];
        for token in &bad {
            for _ in 0..3 {
                assert_eq!(servers.status("/me", token).await, 401, "{kind:?}: {token}");
            }
        }
        assert_eq!(servers.remembered(), 1, "{kind:?}");
        assert_eq!(servers.status("/me", &token).await, 200, "{kind:?}");
    }
}

/// Row 179: a full cache answers as an empty one, within the bytes that are promised.
#[tokio::test]
async fn a_full_cache_stays_within_its_size() {
    for capacity in [1, 3, 64] {
        let servers = Servers::new(&[key(Algorithm::EdDsa)], &[capacity]);
        let mut tokens = Vec::new();
        for _ in 0..300 {
            tokens.push(servers.login(&[]).await);
        }
        for token in tokens.iter().chain(tokens.iter().rev()) {
            assert_eq!(servers.status("/me", token).await, 200);
            assert_eq!(servers.status("/me", &forged(token)).await, 401);
            assert_eq!(servers.status("/admin", token).await, 403);
        }
        let remembered = servers.auth().inner.remembered.as_ref().unwrap();
        assert!(remembered.tokens.weight() <= (capacity * USUAL) as u64);
        assert!(remembered.sightings.size() <= (capacity * 32).max(256));
        assert!(capacity < 64 || remembered.tokens.len() > 32, "{}", remembered.tokens.len());
    }
}

/// What one application remembers is nothing to another, although the two share their key.
#[tokio::test]
async fn applications_with_other_claims_share_no_memory() {
    #[derive(SessionClaims, Clone, Debug)]
    struct Tenant {
        #[claims(subject)]
        id: String,
        tenant: String,
    }

    #[authenticated]
    async fn tenant(tenant: Tenant) -> String {
        format!("{} of {}", tenant.id, tenant.tenant)
    }

    let (servers, token) = remembering(Some(Algorithm::EdDsa), 4096).await;
    let other = Auth::<Tenant>::builder()
        .access_key(key(Algorithm::EdDsa))
        .refresh_key(Key::from_secret(Algorithm::Hs256, REFRESH).unwrap())
        .issuer("https://own.test")
        .audience("https://api.test")
        .store(MemoryStore::new())
        .claims_source(|_| async { Ok(None) })
        .clock(servers.clock.clone())
        .build()
        .unwrap();
    let router = axum::Router::new().route("/me", get(tenant)).with_state(other.clone());
    // On the way through both, too.
    let both = router
        .clone()
        .layer(axum::middleware::from_extractor_with_state::<Session<User>, _>(servers.auth().clone()));
    for router in [router, both] {
        for _ in 0..3 {
            let request = Request::get("/me").header(AUTHORIZATION, format!("Bearer {token}"));
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), 401);
        }
    }
    assert_eq!(other.inner.remembered.as_ref().unwrap().tokens.len(), 0);
    assert_eq!(servers.status("/me", &token).await, 200);
}

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    SignIn {
        is_admin: bool,
    },
    OfIssuer {
        life: u64,
    },
    /// Signs in with a token that names no key.
    Unnamed,
    SignOut {
        token: usize,
    },
    Expire,
    Replace {
        first: usize,
        others: u8,
    },
    Ask {
        token: usize,
        route: usize,
        is_forged: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let time = prop_oneof![Just(1), Just(59), Just(60), Just(300), Just(840), Just(900)];
    prop_oneof![
        2 => time.prop_map(Step::Wait),
        3 => any::<bool>().prop_map(|is_admin| Step::SignIn { is_admin }),
        2 => (1..1000_u64).prop_map(|life| Step::OfIssuer { life }),
        1 => Just(Step::Unnamed),
        1 => any::<usize>().prop_map(|token| Step::SignOut { token }),
        1 => Just(Step::Expire),
        2 => (0..3_usize, 0..8_u8).prop_map(|(first, others)| Step::Replace { first, others }),
        16 => (any::<usize>(), 0..3_usize, proptest::bool::weighted(0.1))
            .prop_map(|(token, route, is_forged)| Step::Ask { token, route, is_forged }),
    ]
}

async fn live_through(keys: &[Key], steps: &[Step]) {
    let servers = Servers::new(keys, &[0, 4096, 2]);
    let mut signing = keys[0].clone();
    for (auth, _) in &servers.all {
        auth.replace_access_keys(set(&keys[..1])).unwrap();
    }
    let mut tokens = vec![servers.login(&[Role::Admin]).await];
    let pick = |tokens: &[String], number: usize| tokens[number % tokens.len()].clone();
    for step in steps {
        match step {
            Step::Wait(seconds) => servers.clock.advance(Duration::from_secs(*seconds)),
            Step::SignIn { is_admin } => {
                let role = if *is_admin { Role::Admin } else { Role::Member };
                tokens.push(servers.login(&[role]).await);
            }
            Step::OfIssuer { life } => {
                let now = crate::Clock::now(&servers.clock).unix();
                let claims =
                    json!({ "sub": "max", "exp": now + i64::try_from(*life).unwrap(), "roles": ["admin"] });
                tokens.push(servers.issuer.token(claims));
            }
            Step::Unnamed => tokens.push(unnamed(&servers.login(&[Role::Admin]).await, &signing)),
            Step::SignOut { token } => {
                servers.auth().logout(&pick(&tokens, *token)).await.unwrap();
            }
            Step::Expire => {
                servers.auth().expire_access_tokens(&"ada".to_owned()).await.unwrap();
            }
            Step::Replace { first, others } => {
                let others = keys
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| *place != *first && others & (1 << place) != 0);
                let chosen: Vec<_> =
                    [&keys[*first]].into_iter().chain(others.map(|(_, key)| key)).cloned().collect();
                signing = chosen[0].clone();
                for (auth, _) in &servers.all {
                    auth.replace_access_keys(set(&chosen)).unwrap();
                }
            }
            Step::Ask { token, route, is_forged } => {
                let mut token = pick(&tokens, *token);
                if *is_forged {
                    token = forged(&token);
                }
                // Three times: verified, remembered, used.
                for time in 0..3 {
                    let expected = servers.answer(0, ROUTES[*route], &token).await;
                    for server in [1, 2] {
                        let found = servers.answer(server, ROUTES[*route], &token).await;
                        assert_eq!(found, expected, "server {server}, time {time}: {step:?}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    /// Row 179.
    #[test]
    fn a_server_that_remembers_answers_as_one_that_does_not(
        is_secret: bool,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let keys = match is_secret {
            true => [Algorithm::Hs256, Algorithm::Hs512, Algorithm::Hs256].map(key),
            false => [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256].map(key),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(live_through(&keys, &steps));
    }
}
