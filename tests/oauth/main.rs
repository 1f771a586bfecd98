//! OAuth clients, unchanged, against a running server: oauth4webapi, openid-client and, of the latter, jose. `tests/run` installs them with `npm ci`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path as PathOf;
use axum::routing::post;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore, TestClock};
use countersign::token::{Algorithm, Key, KeyRing};
use countersign::{
    Auth, AuthError, AuthRouter, Clock as _, Role, SessionClaims, SignIn, TokenPair, authenticated, public,
    routes, rule,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const PRIVATE_KEY: &str = include_str!("../../runtime/src/token/testdata/test_key_p256.pem");

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Service,
}

#[derive(SessionClaims, Clone, Debug)]
struct User {
    #[claims(subject)]
    name: String,
    #[claims(roles)]
    roles: Vec<Role>,
    #[claims(scopes)]
    scopes: Vec<String>,
}

impl User {
    fn named(name: String) -> Self {
        let roles = if name == "service" { vec![Role::Service] } else { Vec::new() };
        Self { name, roles, scopes: vec!["posts:read".to_owned()] }
    }
}

rule! {
    /// May ask about tokens.
    MayIntrospect = role("service");
}

/// Signs a user in
#[public(reason = "a test signs in without a password")]
#[utoipa::path(post, path = "/login/{name}", params(("name" = String, Path)), responses((status = 200, body = TokenPair)))]
async fn login(sign_in: SignIn<User>, PathOf(name): PathOf<String>) -> Result<TokenPair, AuthError> {
    sign_in.tokens(&User::named(name)).await
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = String)))]
async fn me(user: User) -> String {
    user.name
}

fn router(url: &str) -> Router {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let auth = Auth::builder()
        .access_key(Key::from_private_pem(Algorithm::Es256, PRIVATE_KEY).unwrap().with_kid("k1").unwrap())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://issuer.test")
        .audience("https://api.test")
        .client_id("web")
        .store(Arc::clone(&store))
        .claims_source(|name| async move { Ok(Some(User::named(name))) })
        .build()
        .unwrap();
    let endpoints = auth.routes().introspection::<MayIntrospect>().nest("/auth");
    let published = auth.jwks().unwrap().base_url(url).with_endpoints(endpoints);
    let router: Router =
        AuthRouter::new().routes(routes!(login, me)).routes(published).with_state(auth).into();
    let (broken, healed) = (Arc::clone(&store), store);
    router
        .route("/outage/read", post(move || async move { broken.inject(Fault::Read) }))
        .route("/outage/end", post(move || async move { healed.heal() }))
}

/// A server with a ring of keys, whose time a script moves.
async fn rotating(_: String) -> Router {
    let clock = TestClock::at(1_800_000_000);
    let secret = "jTq6kZr0Wn1xYvB3cLm8sPdF5gHu2aEo4iKXwNzQ7RM";
    let ring = KeyRing::builder(MemoryStore::new(), secret).clock(clock.clone()).open().await.unwrap();
    let auth = Auth::<User>::builder()
        .key_ring(ring.clone())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://issuer.test")
        .audience("https://api.test")
        .clock(clock.clone())
        .store(MemoryStore::new())
        .claims_source(|name| async move { Ok(Some(User::named(name))) })
        .build()
        .unwrap();
    let published = auth.jwks().unwrap();
    let router: Router = AuthRouter::new().routes(routes!(login)).routes(published).with_state(auth).into();
    router.route(
        "/advance/{seconds}",
        post(move |PathOf(seconds): PathOf<u64>| async move {
            clock.advance(Duration::from_secs(seconds));
            ring.tick().await.unwrap();
            clock.now().unix().to_string()
        }),
    )
}

/// Runs a script against a server of its own.
fn run<F: Future<Output = Router>>(script: &str, router: impl FnOnce(String) -> F) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oauth");
    assert!(
        folder.join("node_modules").exists(),
        "the OAuth clients are not installed; type: (cd tests/oauth && npm ci --ignore-scripts)"
    );
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = runtime.block_on(router(url.clone()));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let output = Command::new("node")
        .args([script, &url])
        .current_dir(&folder)
        .output()
        .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm");
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{script}: {}", said.concat());
    assert!(said[0].ends_with("everything was asked\n"), "{script}: {}", said.concat());
}

/// Rows 29, 43, 93 and 100 as an OAuth client sees them.
#[test]
fn oauth4webapi_refreshes_revokes_and_introspects() {
    run("oauth4webapi.mjs", async |url| router(&url));
}

/// Rows 93 and 100.
#[test]
fn openid_client_refreshes_revokes_and_introspects() {
    run("openid_client.mjs", async |url| router(&url));
}

/// Row 176. The client `jose` keeps the key set for ten minutes, whatever the headers say.
#[test]
fn jose_verifies_every_token_of_a_year_of_rotations() {
    run("rotations.mjs", rotating);
}
