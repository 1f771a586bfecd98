//! Forged tokens, and routes that need sessions of this server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::testing::{TestClock, TestIssuer};
use countersign::{Auth, Cookies, SessionMetadata};
use serde_json::{Value, json};

use super::{App, User, acme};
use crate::support::NOW;

/// Row 165: every pair of a key and an `iss`.
#[tokio::test]
async fn a_token_counts_only_under_the_issuer_whose_key_signed_it() {
    let issuers = ["acme", "globex", "initech"].map(TestIssuer::new);
    let trusted = issuers[..2].iter().map(|issuer| issuer.issuer::<User>().shares_subjects());
    let app =
        App::of(trusted.fold(Auth::builder(), |builder, issuer| builder.trust(issuer)), &TestClock::at(NOW));
    for (signer, key) in issuers.iter().enumerate() {
        for (named, issuer) in issuers.iter().enumerate() {
            let token = key.token(json!({ "iss": issuer.url() }));
            let expected = if signer == named && named < 2 { 200 } else { 401 };
            assert_eq!(app.status("/me", &token).await, expected, "signed by {signer} for {named}");
            // Under the other's key id as well.
            let other = header_of(&issuer.token(json!({})))["kid"].clone();
            let mut claims = key.claims();
            claims.insert("iss".to_owned(), json!(issuer.url()));
            let token = key.signed(json!({ "typ": "at+jwt", "kid": other }), &claims);
            assert_eq!(
                app.status("/me", &token).await,
                expected,
                "signed by {signer} under the key of {named}"
            );
        }
    }
    for iss in
        ["https://acme.test/", "https://ACME.test", "http://acme.test", "acme", "", "https://acme.test\0"]
    {
        assert_eq!(app.status("/me", &issuers[0].token(json!({ "iss": iss }))).await, 401, "{iss:?}");
    }
    for iss in [json!(["https://acme.test"]), json!(null), json!(7)] {
        assert_eq!(app.status("/me", &issuers[0].token(json!({ "iss": iss }))).await, 401, "{iss}");
    }
}

fn header_of(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}

#[tokio::test]
async fn a_forged_token_is_refused_without_a_word() {
    let issuer = acme();
    let app = App::trusting(issuer.issuer());
    let good = issuer.token(json!({}));
    assert_eq!(app.status("/me", &good).await, 200);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let encoded = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let kid = header_of(&good)["kid"].clone();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let twice = claims.replacen('{', "{\"sub\":\"root\",", 1);
    for (what, token) in [
        ("no signature", format!("{message}.")),
        ("two segments", message.to_owned()),
        ("another payload", format!("{header}.{}.{signature}", encoded(json!({ "sub": "root" })))),
        ("alg none", format!("{}.{payload}.", encoded(json!({ "alg": "none", "typ": "at+jwt" })))),
        ("alg none with a signature", format!("{}.{payload}.{signature}", encoded(json!({ "alg": "none", "typ": "at+jwt" })))),
        ("a secret", format!("{}.{payload}.{signature}", encoded(json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid })))),
        ("another algorithm", format!("{}.{payload}.{signature}", encoded(json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid })))),
        ("crit", issuer.signed(json!({ "typ": "at+jwt", "crit": ["b64"], "b64": false }), &issuer.claims())),
        ("another kid", issuer.signed(json!({ "typ": "at+jwt", "kid": "other" }), &issuer.claims())),
        ("a claim twice", format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(twice))),
        ("padding", format!("{header}=.{payload}.{signature}")),
        ("too long", issuer.token(json!({ "pad": "x".repeat(17_000) }))),
        ("too deep", issuer.token(json!({ "deep": serde_json::from_str::<Value>(&format!("{}{}", "[".repeat(40), "]".repeat(40))).unwrap() }))),
    ] {
        let (status, body) = app.ask("/me", &token).await;
        assert_eq!(status, 401, "{what}");
        assert_eq!(body["code"], json!("invalid_token"), "{what}: {body}");
        assert!(body.get("detail").is_none_or(|detail| !detail.to_string().contains("kid")), "{body}");
        // An open page does not take it for that of a visitor either.
        assert_eq!(app.status("/greeting", &token).await, 401, "{what}");
    }
    // RFC 9864 has another name for the same algorithm.
    let renamed = issuer.signed(json!({ "typ": "at+jwt", "alg": "Ed25519" }), &issuer.claims());
    assert_eq!(app.status("/me", &renamed).await, 200);
    // Without a kid, the only key of the issuer fits.
    assert_eq!(
        app.status("/me", &issuer.signed(json!({ "typ": "at+jwt", "kid": null }), &issuer.claims())).await,
        200
    );
}

/// Row 174: where they are not refused before the first request, they let no token of an issuer pass.
#[tokio::test]
async fn a_rule_that_needs_a_session_of_this_server_is_not_met_by_the_token_of_an_issuer() {
    let issuer = acme();
    let clock = TestClock::at(NOW);
    let app = App::looking_up(super::with_sessions().trust(issuer.issuer().shares_subjects()), &clock);
    let token = issuer.token(json!({ "sub": "ada" }));
    assert_eq!(app.status("/me", &token).await, 200);
    for path in ["/live", "/both"] {
        assert_eq!(app.status(path, &token).await, 403, "{path}");
    }
    let user = User::named("ada");
    let pair = app.auth.login(&user, SessionMetadata::default()).await.unwrap();
    assert_eq!(app.status("/live", &pair.access_token).await, 200);
}

/// The cookies are of this server's sessions, and the application is not asked who the user of any other token in them is.
#[tokio::test]
async fn the_token_of_an_issuer_in_the_access_cookie_is_refused() {
    let issuer = acme();
    let questions = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&questions);
    let trusted = issuer.issuer().claims_with(move |token| {
        asked.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Some(User::named(token.subject()))) }
    });
    let builder =
        super::with_sessions().cookies(Cookies::new().named("demo").with_access_cookie()).trust(trusted);
    let app = App::of(builder, &TestClock::at(NOW));
    let own = app.auth.login(&User::named("ada"), SessionMetadata::default()).await.unwrap().access_token;
    let theirs = issuer.token(json!({}));
    for (token, expected) in [(&own, 200), (&theirs, 401)] {
        let cookie = format!("__Host-demo-access={token}");
        assert_eq!(app.send(&[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).await, expected);
    }
    assert_eq!(questions.load(Ordering::SeqCst), 0);
    assert_eq!(app.status("/me", &theirs).await, 200, "in the header it counts");
    let cookie = format!("__Host-demo-access={theirs}");
    let again = app.send(&[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(again, 401, "also once it is remembered");
}

#[tokio::test]
async fn a_server_without_sessions_signs_no_user_in() {
    let app = App::trusting(acme().issuer());
    let user = User::named("ada");
    let error = app.auth.login(&user, SessionMetadata::default()).await.unwrap_err();
    assert!(matches!(error, countersign::AuthError::NoSessions), "{error}");
    assert!(app.auth.refresh("a.b.c").await.is_err());
}
