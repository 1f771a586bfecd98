//! The OpenAPI document of a server that trusts issuers.

use countersign::testing::TestClock;
use countersign::{
    Auth, AuthBuilder, AuthRouter, Issuer, authenticated, public, require, require_role, require_scope,
    routes,
};
use serde_json::{Value, json};

use super::{User, acme, with_sessions};
use crate::support::NOW;

#[authenticated]
#[utoipa::path(get, path = "/me")]
async fn me() {}

#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health")]
async fn health() {}

#[utoipa::path(get, path = "/greeting")]
async fn greeting(_: Option<User>) {}

#[require_role("admin")]
#[utoipa::path(get, path = "/admin")]
async fn admin() {}

#[require_scope("posts:write")]
#[utoipa::path(post, path = "/posts")]
async fn posts() {}

#[require(issuer("acme"))]
#[utoipa::path(get, path = "/acme")]
async fn from_acme() {}

#[require(issuer("acme") && scope("posts:write") || role("admin") && live)]
#[utoipa::path(get, path = "/either")]
async fn either() {}

#[authenticated(live)]
#[utoipa::path(get, path = "/live")]
async fn live() {}

#[require(machine && scope("sync"))]
#[utoipa::path(get, path = "/sync")]
async fn sync() {}

fn document(builder: AuthBuilder<User>, router: AuthRouter<Auth<User>>) -> Value {
    let auth = builder.clock(TestClock::at(NOW)).build().unwrap();
    serde_json::to_value(router.with_state::<()>(auth).into_openapi()).unwrap()
}

fn usual() -> AuthRouter<Auth<User>> {
    AuthRouter::new().routes(routes!(me, health, greeting, admin, posts, from_acme, sync))
}

fn security(document: &Value, path: &str) -> Value {
    let item = &document["paths"][path];
    let operation = item.get("get").or_else(|| item.get("post")).unwrap();
    operation["security"].clone()
}

fn with_sign_in() -> Issuer<User> {
    acme().issuer().sign_in_at(
        "https://acme.test/authorize",
        "https://acme.test/token",
        [("openid", "Who you are")],
    )
}

#[test]
fn a_resource_server_has_the_schemes_of_its_issuers_alone() {
    let document = document(Auth::builder().trust(acme().issuer()), usual());
    let words = "An access token of acme (https://acme.test), in the Authorization header";
    assert_eq!(
        document["components"]["securitySchemes"],
        json!({ "acme": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": words } })
    );
    for (path, expected) in [
        ("/me", json!([{ "acme": [] }])),
        ("/health", json!([])),
        ("/greeting", json!([{}, { "acme": [] }])),
        ("/admin", json!([{ "acme": ["admin"] }])),
        ("/posts", json!([{ "acme": ["posts:write"] }])),
        ("/acme", json!([{ "acme": [] }])),
        ("/sync", json!([{ "acme": ["sync"] }])),
    ] {
        assert_eq!(security(&document, path), expected, "{path}");
    }
    let text = document.to_string();
    for word in ["refresh", "cookie", "Cookie", "login"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

/// OAuth2 names scopes, and no roles; each scope that an operation demands can be chosen.
#[test]
fn an_issuer_with_a_page_to_sign_in_has_its_flow() {
    let document = document(Auth::builder().trust(with_sign_in()), usual());
    let scheme = &document["components"]["securitySchemes"]["acme"];
    assert_eq!(scheme["type"], "oauth2");
    assert_eq!(
        scheme["flows"]["authorizationCode"],
        json!({
            "authorizationUrl": "https://acme.test/authorize", "tokenUrl": "https://acme.test/token",
            "scopes": { "openid": "Who you are", "posts:write": "", "sync": "" }, "x-usePkce": "SHA-256",
        })
    );
    assert_eq!(security(&document, "/admin"), json!([{ "acme": [] }]));
    assert_eq!(security(&document, "/posts"), json!([{ "acme": ["posts:write"] }]));
}

#[test]
fn operations_name_the_schemes_that_suffice() {
    let trusted = with_sign_in().shares_subjects();
    let router = usual().routes(routes!(either, live));
    let document = document(with_sessions().trust(trusted), router);
    let schemes: Vec<_> = document["components"]["securitySchemes"].as_object().unwrap().keys().collect();
    assert_eq!(schemes, ["acme", "bearer"]);
    for (path, expected) in [
        ("/me", json!([{ "bearer": [] }, { "acme": [] }])),
        ("/greeting", json!([{}, { "bearer": [] }, { "acme": [] }])),
        ("/admin", json!([{ "bearer": ["admin"] }, { "acme": [] }])),
        ("/posts", json!([{ "bearer": ["posts:write"] }, { "acme": ["posts:write"] }])),
        ("/acme", json!([{ "acme": [] }])),
        ("/either", json!([{ "bearer": ["admin"] }, { "acme": ["posts:write"] }])),
        ("/live", json!([{ "bearer": [] }])),
        ("/sync", json!([{ "acme": ["sync"] }])),
    ] {
        assert_eq!(security(&document, path), expected, "{path}");
    }
}

/// Not a cookie, which is of this server's sessions.
#[test]
fn a_named_header_holds_the_tokens_of_issuers_too() {
    let builder = with_sessions()
        .cookies(countersign::Cookies::new().with_access_cookie())
        .access_header(axum::http::HeaderName::from_static("x-token"));
    let document = document(builder.trust(acme().issuer().shares_subjects()), usual());
    assert_eq!(
        security(&document, "/me"),
        json!([{ "bearer": [] }, { "accessHeader": [] }, { "accessCookie": [] }, { "acme": [] }])
    );
    assert_eq!(security(&document, "/acme"), json!([{ "acme": [] }, { "accessHeader": [] }]));
}
