//! Tokens of `oidc-provider`, an OpenID provider that was written elsewhere. `tests/run` installs it with `npm ci`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

#[path = "../integration/printed_lines.rs"]
mod printed_lines;
#[allow(dead_code, reason = "the integration tests use the rest")]
#[path = "../integration/process.rs"]
mod process;
mod provider;
mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::http::header::RETRY_AFTER;
use countersign::token::Algorithm;
use countersign::{FetchError, FetchRequest, Fetched};
use printed_lines::{paste, resource_server};
use provider::Provider;
use serde_json::{Value, json};
use server::{Role, Server, User, trusted};

/// The resources for which the provider signs with each algorithm.
const RESOURCES: [(&str, Algorithm); 3] = [
    ("rs256.api.test", Algorithm::Rs256),
    ("es256.api.test", Algorithm::Es256),
    ("eddsa.api.test", Algorithm::EdDsa),
];

/// Also where only that algorithm is accepted; the tokens of the others are then refused.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_each_algorithm_are_accepted() {
    let mut provider = Provider::start();
    let server = Server::trusting(&provider.issuer);
    let tokens = RESOURCES.map(|(resource, algorithm)| (provider.token("ada", resource), algorithm));
    for (token, _) in &tokens {
        let expected = json!({
            "id": "ada", "sub": "ada", "roles": ["admin"], "scopes": ["posts:read"], "email": "ada@mail.test",
            "issuer": "provider", "client": "web",
        });
        assert_eq!(server.me(token).await, expected);
        assert_eq!(server.ask("/admin", token).await, 200);
    }
    for (_, accepted) in &tokens {
        let server = Server::accepting(&provider.issuer, &[*accepted]);
        for (token, algorithm) in &tokens {
            let expected = if algorithm == accepted { 200 } else { 401 };
            assert_eq!(
                server.ask("/me", token).await,
                expected,
                "{algorithm:?} where {accepted:?} is accepted"
            );
        }
    }
    let max = provider.token("max", "es256.api.test");
    assert_eq!((server.ask("/me", &max).await, server.ask("/admin", &max).await), (200, 403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closure_fetches_the_keys_as_well() {
    let mut provider = Provider::start();
    let server = Server::of(trusted(&provider.issuer, |request: FetchRequest| async move {
        let fetched = tokio::task::spawn_blocking(move || {
            let (parts, mut body) = ureq::get(request.url()).call()?.into_parts();
            let body = body.with_config().limit(request.max_bytes() as u64).read_to_vec()?;
            Ok::<_, ureq::Error>(Fetched::new(parts.status, body).with_headers(parts.headers))
        });
        fetched.await.map_err(FetchError::other)?.map_err(FetchError::other)
    }));
    assert_eq!(server.ask("/admin", &provider.token("ada", "es256.api.test")).await, 200);
}

/// Row 172.
#[tokio::test(flavor = "multi_thread")]
async fn id_tokens_and_tokens_for_other_resources_are_refused() {
    let mut provider = Provider::start();
    let server = Server::trusting(&provider.issuer);
    let tokens = provider.sign_in("ada", "rs256.api.test");
    assert_eq!(server.ask("/me", tokens["access_token"].as_str().unwrap()).await, 200);
    assert_eq!(server.ask("/me", tokens["id_token"].as_str().unwrap()).await, 401);
    for resource in ["other.test", "api.test.evil.test", "rs256.api.test.evil.test"] {
        assert_eq!(server.ask("/me", &provider.token("ada", resource)).await, 401, "{resource}");
    }
}

/// Row 173.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_token_for_itself_is_let_in_where_the_rule_says_machine() {
    let mut provider = Provider::start();
    let server = Server::trusting(&provider.issuer);
    let (robot, ada) = (provider.machine_token(), provider.token("ada", "es256.api.test"));
    assert_eq!((server.ask("/sync", &robot).await, server.ask("/sync", &ada).await), (200, 403));
    for path in ["/me", "/admin"] {
        assert_eq!((server.ask(path, &robot).await, server.ask(path, &ada).await), (403, 200), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_counts_at_once_and_the_old_one_as_long_as_it_is_published() {
    let mut provider = Provider::start();
    let server = Server::trusting(&provider.issuer);
    let old = provider.token("ada", "es256.api.test");
    assert_eq!(server.ask("/me", &old).await, 200);
    provider.rotate(true);
    let new = provider.token("ada", "es256.api.test");
    assert_eq!((server.ask("/me", &new).await, server.ask("/me", &old).await), (200, 200));
    // The fetch of the new key shows that the old ones are gone.
    provider.rotate(false);
    let newest = provider.token("ada", "es256.api.test");
    let statuses =
        [server.ask("/me", &newest).await, server.ask("/me", &new).await, server.ask("/me", &old).await];
    assert_eq!(statuses, [200, 401, 401]);
}

/// Row 169: the server has verified the token and remembers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_key_ends_with_its_age_or_at_once_when_it_is_forgotten() {
    let mut provider = Provider::start();
    let [aging, forgetting] = [(); 2].map(|()| Server::trusting(&provider.issuer));
    let old = provider.token("ada", "eddsa.api.test");
    assert_eq!((aging.ask("/me", &old).await, forgetting.ask("/me", &old).await), (200, 200));
    provider.rotate(false);
    assert_eq!((aging.ask("/me", &old).await, forgetting.ask("/me", &old).await), (200, 200));

    assert!(forgetting.auth.forget_issuer_keys("provider"));
    assert_eq!(forgetting.ask("/me", &old).await, 401);
    // The provider says no age, so it is 10 minutes.
    aging.clock.advance(10);
    assert_eq!(aging.ask("/me", &old).await, 401);
    let new = provider.token("ada", "eddsa.api.test");
    assert_eq!((aging.ask("/me", &new).await, forgetting.ask("/me", &new).await), (200, 200));
}

/// Row 168: the provider comes back in the end.
#[tokio::test(flavor = "multi_thread")]
async fn known_keys_outlive_the_provider_for_six_hours() {
    let mut provider = Provider::start();
    let server = Server::trusting(&provider.issuer);
    let known = provider.token("ada", "es256.api.test");
    assert_eq!(server.ask("/me", &known).await, 200);
    provider.rotate(true);
    let new = provider.token("ada", "es256.api.test");
    provider.go_down();
    for minutes in [0, 11, 120, 227] {
        server.clock.advance(minutes);
        assert_eq!(server.ask("/me", &known).await, 200, "{minutes} minutes later");
        // Its key may be a new one, so it is not refused.
        assert_eq!(server.ask("/me", &new).await, 503, "{minutes} minutes later");
    }
    server.clock.advance(2);
    for token in [&known, &new] {
        let answer = server.answer("/me", token).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key(RETRY_AFTER));
    }
    provider.come_up();
    server.clock.advance(3);
    assert_eq!((server.ask("/me", &known).await, server.ask("/me", &new).await), (200, 200));
}

/// Row 168: no token is ever answered with 401 for the lack of keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_the_provider_and_recovers() {
    let mut provider = Provider::start();
    let token = provider.token("ada", "es256.api.test");
    provider.go_down();
    let server = Server::trusting(&provider.issuer);
    for _ in 0..3 {
        let answer = server.answer("/me", &token).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key(RETRY_AFTER));
    }
    provider.come_up();
    server.clock.advance(3);
    assert_eq!(server.ask("/admin", &token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_creates_the_user() {
    let mut provider = Provider::start();
    let users = Arc::new(Mutex::new(BTreeMap::new()));
    let table = Arc::clone(&users);
    let issuer = trusted(&provider.issuer, reqwest::Client::new()).claims_with(move |token| {
        let mut users = table.lock().unwrap();
        let is_banned = token.subject() == "eve";
        let next = users.len() + 1;
        let key = (token.issuer().to_owned(), token.subject().to_owned());
        let id = (!is_banned).then(|| *users.entry(key).or_insert(next));
        drop(users);
        async move {
            let user = |id| User {
                id: format!("user {id}"),
                roles: vec![Role::Member],
                scopes: Vec::new(),
                email: token.claim("email"),
            };
            Ok(id.map(user))
        }
    });
    let server = Server::of(issuer);
    let mut ids = Vec::new();
    for user in ["ada", "max", "ada"] {
        let token = provider.token(user, "es256.api.test");
        let me = server.me(&token).await;
        assert_eq!((&me["sub"], &me["email"]), (&json!(user), &json!(format!("{user}@mail.test"))));
        assert_eq!(server.ask("/admin", &token).await, 403, "the roles are the application's");
        ids.push(me["id"].clone());
    }
    assert_eq!(Value::from(ids), json!(["user 1", "user 2", "user 1"]));
    assert_eq!(server.ask("/me", &provider.token("eve", "es256.api.test")).await, 401);
    let keys = users.lock().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys, ["ada", "max"].map(|user| (provider.issuer.clone(), user.to_owned())));
}

/// The example says so itself.
#[test]
fn the_example_has_the_provider_as_one_of_its_two() {
    let (_server, lines) = resource_server("node");
    assert!(lines.iter().any(|line| line.contains("`acme` is oidc-provider, in Node")), "{lines:?}");
    assert_eq!(paste(&lines), ["200", "200", "403", "403", "200", "403", "401"]);
}
