//! The key set and the metadata of the server, as verifiers and OAuth clients read them.

use std::collections::BTreeMap;

use axum::Router;
use axum::http::{Method, StatusCode, header};
use countersign::session::SessionMetadata;
use countersign::token::{AccessTokens, Algorithm, Key, KeySet, TokenSettings};
use countersign::{AuthRouter, ConfigError, Endpoint, KeyRoutes, rule};
use serde_json::{Value, json};

use crate::support::{ACCESS_SECRET, AUDIENCE, Answer, App, ISSUER, NOW, User, builder, key, request};
use axum::body::Body;
use countersign::testing::TestClock;
use tower::ServiceExt as _;

const P256: &str = include_str!("../../runtime/src/token/testdata/test_key_p256.pem");
const ED25519: &str = include_str!("../../runtime/src/token/testdata/test_key_ed25519.pem");
const KEYS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";

rule! {
    /// May ask about tokens.
    MayIntrospect = role("support");
}

fn es256() -> Key {
    Key::from_private_pem(Algorithm::Es256, P256).unwrap().with_kid("2026-11").unwrap()
}

fn eddsa() -> Key {
    Key::from_private_pem(Algorithm::EdDsa, ED25519).unwrap().with_kid("2027-02").unwrap()
}

fn app() -> App {
    App::with(|builder| builder.access_key(es256()))
}

fn served(routes: KeyRoutes<User>) -> Router {
    AuthRouter::new().routes(routes).into()
}

async fn get(router: &Router, path: &str) -> Answer {
    let asked = request(Method::GET, path, None, Body::empty());
    Answer::read(router.clone().oneshot(asked).await.unwrap()).await
}

/// Rows 29 and 177.
#[tokio::test]
async fn everyone_may_read_the_public_keys_and_nothing_else_of_them() {
    let app =
        App::with(|builder| builder.access_keys(KeySet::new(es256()).unwrap().accept(eddsa()).unwrap()));
    let answer = get(&served(app.auth.jwks().unwrap()), KEYS).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/jwk-set+json"));
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("public, max-age=300"));
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    let kids: Vec<_> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids, ["2026-11", "2027-02"]);
    for key in keys {
        for member in ["d", "p", "q", "dp", "dq", "qi", "k", "oth"] {
            assert!(key.get(member).is_none(), "{key} has {member}");
        }
        for member in ["kid", "alg", "use", "kty"] {
            assert!(key[member].is_string(), "{key} lacks {member}");
        }
    }
}

/// Row 28. As a service of others does it: from the set alone.
#[tokio::test]
async fn a_service_verifies_tokens_with_the_published_set_across_a_rotation() {
    let app = app();
    let router = served(app.auth.jwks().unwrap());
    let login = || async { app.auth.login(&User::with(&[]), SessionMetadata::default()).await.unwrap() };
    let verified = |set: Answer, token: String| {
        let keys = KeySet::from_jwks(str::from_utf8(&set.body).unwrap()).unwrap();
        let tokens = AccessTokens::new(keys, TokenSettings::new(ISSUER, AUDIENCE)).unwrap();
        let now = countersign::Timestamp::from_unix(NOW);
        tokens.verify::<User>(token.as_bytes(), now).map(|verified| verified.claims.id).ok()
    };
    let before = login().await.access_token;
    let first = get(&router, KEYS).await;
    assert_eq!(verified(first, before.clone()), Some(7));

    app.auth.replace_access_keys(KeySet::new(eddsa()).unwrap().accept(es256()).unwrap()).unwrap();
    let after = login().await.access_token;
    for token in [&before, &after] {
        assert_eq!(verified(get(&router, KEYS).await, token.clone()), Some(7));
    }
    app.auth.replace_access_keys(KeySet::new(eddsa()).unwrap()).unwrap();
    assert_eq!(verified(get(&router, KEYS).await, after), Some(7));
    assert_eq!(verified(get(&router, KEYS).await, before), None);
}

/// Rows 29 and 177.
#[tokio::test]
async fn secrets_are_refused_at_start_and_never_served() {
    let secrets = App::new();
    let refused = secrets.auth.jwks().unwrap_err();
    assert!(matches!(refused, ConfigError::NoPublicKeys));
    assert!(refused.to_string().contains("`access_key`"), "{refused}");
    // Secrets that come later are left out.
    let app = app();
    let router = served(app.auth.jwks().unwrap());
    app.auth.replace_access_keys(KeySet::new(key(ACCESS_SECRET)).unwrap()).unwrap();
    assert_eq!(get(&router, KEYS).await.json(), json!({ "keys": [] }));
}

#[tokio::test]
async fn the_metadata_names_what_is_served_and_nothing_else() {
    let app = app();
    let endpoints = app.auth.routes().introspection::<MayIntrospect>();
    let endpoints = endpoints.path(Endpoint::Refresh, "/token").nest("/oauth").nest("/v1");
    let router = served(app.auth.jwks().unwrap().with_endpoints(endpoints));
    let answer = get(&router, METADATA).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), Some("application/json"));
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("public, max-age=300"));
    let expected = json!({
        "issuer": ISSUER,
        "jwks_uri": "https://issuer.test/.well-known/jwks.json",
        "token_endpoint": "https://issuer.test/v1/oauth/token",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        "response_types_supported": [],
        "revocation_endpoint": "https://issuer.test/v1/oauth/logout",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "introspection_endpoint": "https://issuer.test/v1/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
    });
    assert_eq!(answer.json(), expected);
    // Each of them is there.
    for (name, url) in answer.json().as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = url.as_str().unwrap().strip_prefix(ISSUER).unwrap();
            assert_ne!(get(&router, path).await.status, StatusCode::NOT_FOUND, "{name}");
        }
    }

    let few = app.auth.routes().only([Endpoint::Sessions]);
    let published = app.auth.jwks().unwrap().path("/keys").base_url("https://api.test/v2/");
    let answer = get(&served(published.with_endpoints(few)), METADATA).await;
    let expected = json!({
        "issuer": ISSUER, "jwks_uri": "https://api.test/v2/keys", "response_types_supported": [],
    });
    assert_eq!(answer.json(), expected);
}

/// RFC 8414 section 3.1.
#[tokio::test]
async fn the_path_of_the_issuer_follows_the_well_known_one() {
    for (issuer, path, origin) in [
        ("https://a.test", METADATA.to_owned(), "https://a.test"),
        ("https://a.test/", METADATA.to_owned(), "https://a.test"),
        ("https://a.test/realms/acme", format!("{METADATA}/realms/acme"), "https://a.test"),
        ("https://a.test:8443/t/", format!("{METADATA}/t"), "https://a.test:8443"),
    ] {
        let auth = builder(&TestClock::at(NOW)).access_key(es256()).issuer(issuer).build().unwrap();
        let router = served(auth.jwks().unwrap().with_endpoints(auth.routes()));
        let said = get(&router, &path).await.json();
        assert_eq!(said["issuer"], issuer);
        assert_eq!(said["token_endpoint"], format!("{origin}/refresh"), "{issuer}");
    }
}

/// Rows 29 and 141.
#[tokio::test]
async fn the_routes_are_public_in_the_matrix_and_in_the_document() {
    let app = app();
    let published = || app.auth.jwks().unwrap().with_endpoints(app.auth.routes().only([Endpoint::Refresh]));
    let router: AuthRouter = AuthRouter::new().routes(published());
    let rows: BTreeMap<_, _> = router
        .access_matrix()
        .rows()
        .iter()
        .map(|row| (row.path().to_owned(), row.access().to_string()))
        .collect();
    for path in [KEYS, METADATA] {
        assert!(rows[path].contains("public"), "{path}: {}", rows[path]);
    }
    let document: Value = serde_json::to_value(router.into_openapi()).unwrap();
    for (path, media_type) in [(KEYS, "application/jwk-set+json"), (METADATA, "application/json")] {
        let operation = &document["paths"][path]["get"];
        assert_eq!(operation["security"], json!([]), "{path}");
        assert!(operation["responses"]["200"]["content"][media_type].is_object(), "{operation}");
        assert!(operation["responses"].get("401").is_none());
    }
    let hidden: AuthRouter = AuthRouter::new().routes(published().undocumented());
    let document: Value = serde_json::to_value(hidden.into_openapi()).unwrap();
    assert_eq!(document["paths"].as_object().unwrap().keys().collect::<Vec<_>>(), ["/refresh"]);
}
