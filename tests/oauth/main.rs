//! Two OAuth clients, unchanged, against a running server: oauth4webapi and openid-client. `tests/run` installs them with `npm ci`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path as PathOf;
use axum::routing::post;
use countersign::store::MemoryStore;
use countersign::testing::{Fault, FaultyStore};
use countersign::token::{Algorithm, Key};
use countersign::{
    Auth, AuthError, AuthRouter, Role, SessionClaims, SignIn, TokenPair, authenticated, public, routes, rule,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const PRIVATE_KEY: &str = include_str!("../../runtime/src/token/testdata/test_key_p256.pem");
const PUBLIC_KEY: &str = include_str!("../../runtime/src/token/testdata/test_key_p256.pub.pem");

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

fn router(store: &Arc<FaultyStore<MemoryStore>>) -> Router {
    let auth = Auth::builder()
        .access_key(Key::from_private_pem(Algorithm::Es256, PRIVATE_KEY).unwrap().with_kid("k1").unwrap())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://issuer.test")
        .audience("https://api.test")
        .client_id("web")
        .store(Arc::clone(store))
        .claims_source(|name| async move { Ok(Some(User::named(name))) })
        .build()
        .unwrap();
    let endpoints = auth.routes().introspection::<MayIntrospect>().nest("/auth");
    let router: Router =
        AuthRouter::new().routes(routes!(login, me)).routes(endpoints).with_state(auth).into();
    let (broken, healed) = (Arc::clone(store), Arc::clone(store));
    router
        .route("/outage/read", post(move || async move { broken.inject(Fault::Read) }))
        .route("/outage/end", post(move || async move { healed.heal() }))
}

/// Runs a script against a server of its own.
fn run(script: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oauth");
    assert!(
        folder.join("node_modules").exists(),
        "the OAuth clients are not installed; type: (cd tests/oauth && npm ci --ignore-scripts)"
    );
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = router(&Arc::new(FaultyStore::new(MemoryStore::new())));
    runtime.spawn(async move { axum::serve(listener, router).await });
    let output = Command::new("node")
        .args([script, &url, PUBLIC_KEY])
        .current_dir(&folder)
        .output()
        .expect("node runs; if it is not there, type: sudo apt-get install -y nodejs npm");
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{script}: {}", said.concat());
    assert!(said[0].ends_with("everything was asked\n"), "{script}: {}", said.concat());
}

/// Rows 43, 93 and 100 as an OAuth client sees them.
#[test]
fn oauth4webapi_refreshes_revokes_and_introspects() {
    run("oauth4webapi.mjs");
}

/// Rows 93 and 100.
#[test]
fn openid_client_refreshes_revokes_and_introspects() {
    run("openid_client.mjs");
}
