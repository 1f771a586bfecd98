//! Where the keys of an issuer are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::kit::{HOUR, START, jwks};
use crate::issuers::discovery::Remote;
use crate::issuers::fetch::{FetchError, FetchRequest, Fetched};
use crate::testing::TestClock;
use crate::token::Algorithm;

const ISSUER: &str = "https://login.example.com/realms/acme";
const OIDC: &str = "https://login.example.com/realms/acme/.well-known/openid-configuration";
const OAUTH: &str = "https://login.example.com/.well-known/oauth-authorization-server/realms/acme";
const KEYS: &str = "https://keys.example.net/acme";

/// Pages by their address, and what was asked.
#[derive(Clone, Default)]
struct Web {
    pages: Arc<Mutex<HashMap<String, Fetched>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn page(&self, url: &str, page: Fetched) -> &Self {
        self.pages.lock().unwrap().insert(url.to_owned(), page);
        self
    }

    fn text(&self, url: &str, text: impl Into<Vec<u8>>) -> &Self {
        self.page(url, Fetched::new(StatusCode::OK, text))
    }

    /// A discovery document.
    fn document(&self, url: &str, issuer: &str, keys: &str) -> &Self {
        self.text(url, json!({ "issuer": issuer, "jwks_uri": keys, "x": [1] }).to_string())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn remote(&self, issuer: &str) -> Remote {
        let web = self.clone();
        let fetch = move |request: FetchRequest| {
            web.asked.lock().unwrap().push(request.url().to_owned());
            let page = web.pages.lock().unwrap().get(request.url()).cloned();
            async move { Ok::<_, FetchError>(page.unwrap_or_else(|| Fetched::new(StatusCode::NOT_FOUND, ""))) }
        };
        Remote::discover(issuer, vec![Algorithm::EdDsa], Box::new(fetch)).unwrap()
    }
}

/// "keys", or why there are none.
async fn load(remote: &Remote, clock: &TestClock) -> String {
    remote.load(clock).await.map_or_else(|failure| failure.to_string(), |_| "keys".to_owned())
}

#[tokio::test]
async fn the_document_is_asked_once_and_the_keys_each_time() {
    let (web, clock) = (Web::default(), TestClock::at(START));
    web.document(OIDC, ISSUER, KEYS).text(KEYS, jwks(&[1]));
    let remote = web.remote(ISSUER);
    assert_eq!(load(&remote, &clock).await, "keys");
    assert_eq!(web.asked(), [OIDC, KEYS]);
    clock.advance(23 * HOUR);
    assert_eq!(load(&remote, &clock).await, "keys");
    assert_eq!(web.asked(), [KEYS]);
    clock.advance(HOUR);
    assert_eq!(load(&remote, &clock).await, "keys");
    assert_eq!(web.asked(), [OIDC, KEYS], "once a day");
    remote.forget();
    assert_eq!(load(&remote, &clock).await, "keys");
    assert_eq!(web.asked(), [OIDC, KEYS]);
}

#[tokio::test]
async fn an_address_of_keys_needs_no_document() {
    let remote = Remote::keys_at(
        KEYS,
        vec![Algorithm::EdDsa],
        Box::new(|request: FetchRequest| async move {
            assert_eq!(request.url(), KEYS);
            Ok::<_, FetchError>(Fetched::new(StatusCode::OK, jwks(&[1])))
        }),
    );
    assert_eq!(load(&remote.unwrap(), &TestClock::at(START)).await, "keys");
}

/// Row 170. OpenID Connect Discovery 1.0 section 4.3.
#[tokio::test]
async fn a_document_of_another_issuer_or_with_unsafe_keys_is_refused_and_the_log_says_why() {
    let clock = TestClock::at(START);
    for (issuer, keys, reason) in [
        ("https://login.example.com/realms/acme/", KEYS, "of the issuer"),
        ("https://login.example.com/realms/other", KEYS, "of the issuer"),
        ("https://LOGIN.example.com/realms/acme", KEYS, "of the issuer"),
        ("http://login.example.com/realms/acme", KEYS, "of the issuer"),
        ("", KEYS, "of the issuer"),
        (ISSUER, "http://keys.example.net/acme", "only `https`"),
        (ISSUER, "http://localhost/acme", "only `https`"),
        (ISSUER, "file:///etc/keys", "no URL"),
        (ISSUER, "/acme", "no URL"),
        (ISSUER, "", "no URL"),
        (ISSUER, "https://user@keys.example.net/acme", "a user"),
    ] {
        let web = Web::default();
        web.document(OIDC, issuer, keys).text(keys, jwks(&[1]));
        let remote = web.remote(ISSUER);
        let refused = load(&remote, &clock).await;
        assert!(refused.contains(reason), "{issuer} {keys}: {refused}");
        assert_eq!(web.asked(), [OIDC], "the keys are not asked for");
    }
    for text in ["", "[]", "{}", r#"{"issuer":7}"#, r#"{"issuer":"a","issuer":"b","jwks_uri":"c"}"#] {
        let web = Web::default();
        web.text(OIDC, text);
        let refused = load(&web.remote(ISSUER), &clock).await;
        assert!(refused.contains("no discovery document"), "{text}: {refused}");
    }
}

/// Only such an issuer may have its keys there without TLS.
#[tokio::test]
async fn an_issuer_on_this_machine_needs_no_tls() {
    let web = Web::default();
    let issuer = "http://localhost:3000/";
    let document = "http://localhost:3000/.well-known/openid-configuration";
    web.document(document, issuer, "http://127.0.0.1:3000/keys")
        .text("http://127.0.0.1:3000/keys", jwks(&[1]));
    assert_eq!(load(&web.remote(issuer), &TestClock::at(START)).await, "keys");
}

/// Row 167.
#[tokio::test]
async fn an_answer_from_another_place_is_refused() {
    let clock = TestClock::at(START);
    let page = || Fetched::new(StatusCode::OK, jwks(&[1]));
    for (page, expected) in [
        (page().with_final_url(KEYS), "keys"),
        (page().with_final_url("https://keys.example.net/moved?x"), "keys"),
        (page().with_final_url("https://evil.example/acme"), "redirect"),
        (page().with_final_url("http://keys.example.net/acme"), "redirect"),
        (page().with_final_url("https://keys.example.net:8443/acme"), "redirect"),
        (page().with_final_url("nonsense"), "redirect"),
        (Fetched::new(StatusCode::FOUND, jwks(&[1])), "redirect"),
        (Fetched::new(StatusCode::NOT_MODIFIED, jwks(&[1])), "redirect"),
        (Fetched::new(StatusCode::CREATED, jwks(&[1])), "status 201"),
        (Fetched::new(StatusCode::INTERNAL_SERVER_ERROR, jwks(&[1])), "status 500"),
        (
            Fetched::new(StatusCode::OK, format!("{}{}", jwks(&[1]), " ".repeat(256 * 1024))),
            "larger than 256 KiB",
        ),
    ] {
        let web = Web::default();
        web.document(OIDC, ISSUER, KEYS).page(KEYS, page.clone());
        let found = load(&web.remote(ISSUER), &clock).await;
        assert!(found.contains(expected), "{page:?}: {found}");
    }
}

/// RFC 8414 section 3.1.
#[tokio::test]
async fn a_server_without_openid_connect_is_found_too() {
    let (web, clock) = (Web::default(), TestClock::at(START));
    web.document(OAUTH, ISSUER, KEYS).text(KEYS, jwks(&[1]));
    assert_eq!(load(&web.remote(ISSUER), &clock).await, "keys");
    assert_eq!(web.asked(), [OIDC, OAUTH, KEYS]);
    let web = Web::default();
    assert_eq!(load(&web.remote(ISSUER), &clock).await, "the answer has status 404");
    assert_eq!(web.asked(), [OIDC, OAUTH]);
    web.page(OIDC, Fetched::new(StatusCode::BAD_GATEWAY, ""));
    assert_eq!(load(&web.remote(ISSUER), &clock).await, "the answer has status 502");
    assert_eq!(web.asked(), [OIDC], "only what is not there is looked for elsewhere");
}

#[tokio::test]
async fn keys_that_moved_are_found_again() {
    for status in [StatusCode::NOT_FOUND, StatusCode::GONE] {
        let (web, clock) = (Web::default(), TestClock::at(START));
        web.document(OIDC, ISSUER, KEYS).text(KEYS, jwks(&[1]));
        let remote = web.remote(ISSUER);
        assert_eq!(load(&remote, &clock).await, "keys");
        let moved = "https://keys.example.net/moved";
        web.page(KEYS, Fetched::new(status, "")).document(OIDC, ISSUER, moved).text(moved, jwks(&[1]));
        web.asked();
        assert_eq!(load(&remote, &clock).await, "keys");
        assert_eq!(web.asked(), [KEYS, OIDC, moved]);
        assert_eq!(load(&remote, &clock).await, "keys");
        assert_eq!(web.asked(), [moved]);
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_again_leaves_the_known_address() {
    let (web, clock) = (Web::default(), TestClock::at(START));
    web.document(OIDC, ISSUER, KEYS).text(KEYS, jwks(&[1]));
    let remote = web.remote(ISSUER);
    assert_eq!(load(&remote, &clock).await, "keys");
    clock.advance(25 * HOUR);
    web.page(OIDC, Fetched::new(StatusCode::BAD_GATEWAY, ""));
    assert_eq!(load(&remote, &clock).await, "keys");
    web.document(OIDC, "https://evil.example", KEYS);
    assert!(load(&remote, &clock).await.contains("of the issuer"), "one that is refused does not");
}

/// RFC 9111 section 4.2.
#[tokio::test]
async fn the_age_of_a_set_is_what_the_issuer_says_within_limits() {
    let (minute, usual, day) = (60, 600, 24 * 3600);
    for (cache_control, age, expected) in [
        (None, None, usual),
        (Some("public"), None, usual),
        (Some("nonsense=="), None, usual),
        (Some("max-age=nonsense"), None, usual),
        (Some("public, max-age=900, must-revalidate"), None, 900),
        (Some("max-age=900"), Some("300"), 600),
        (Some("max-age=900"), Some("5000"), minute),
        (Some("max-age=900"), Some("nonsense"), 900),
        (Some("max-age=0"), None, minute),
        (Some("max-age=59"), None, minute),
        (Some("max-age=86400"), None, day),
        (Some("max-age=99999999"), None, day),
        (Some("no-store"), None, minute),
        (Some("no-cache, max-age=900"), None, minute),
    ] {
        let mut page = Fetched::new(StatusCode::OK, jwks(&[1]));
        for (name, value) in [(CACHE_CONTROL, cache_control), (AGE, age)] {
            if let Some(value) = value {
                page = page.with_header(name, HeaderValue::from_static(value));
            }
        }
        let web = Web::default();
        web.document(OIDC, ISSUER, KEYS).page(KEYS, page);
        let loaded = web.remote(ISSUER).load(&TestClock::at(START)).await.ok().unwrap();
        assert_eq!(loaded.age, Duration::from_secs(expected), "{cache_control:?} {age:?}");
    }
}
