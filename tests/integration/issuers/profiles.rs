//! The tokens of each product as they really look: access tokens are accepted, and every other token of the same issuer is not.

use countersign::{Issuer, Profile, testing::TestIssuer};
use serde_json::{Value, json};

use super::{App, User};
use crate::support::NOW;

/// The API, and a client that signs users in.
const API: &str = "https://api.example.com";
const CLIENT: &str = "0oa1spa";
/// Zitadel numbers its clients.
const ZITADEL_CLIENT: &str = "280839383927";

/// What one product issues.
struct Product {
    name: &'static str,
    issuer: fn(Issuer<User>) -> Issuer<User>,
    header: Value,
    access: Value,
    /// Who the access token is of: identifier, roles, scopes.
    user: (&'static str, &'static [&'static str], &'static [&'static str]),
    /// Members that make a token that a client has for itself.
    machine: Value,
    /// Members with which a token contradicts itself about that.
    contradiction: Option<Value>,
    /// Members that look like a machine's, of a user.
    user_like_a_machine: Option<Value>,
    id_token: Value,
    /// Further tokens that are no access tokens for the API, as changes of the access token.
    others: Vec<(&'static str, Value)>,
}

fn products() -> Vec<Product> {
    let (issued, end) = (NOW - 10, NOW + 290);
    vec![
        Product {
            name: "RFC 9068",
            issuer: |issuer| issuer,
            header: json!({ "typ": "application/at+jwt" }),
            access: json!({
                "aud": [API, "https://files.example.com"], "sub": "ada", "client_id": CLIENT, "iat": issued, "exp": end, "jti": "j1",
                "auth_time": NOW - 20, "scope": "openid posts:write", "roles": ["admin", "auditor"], "email": "ada@example.com",
            }),
            user: ("ada", &["admin"], &["openid", "posts:write"]),
            machine: json!({ "sub": CLIENT }),
            contradiction: None,
            user_like_a_machine: None,
            id_token: json!({ "aud": CLIENT, "sub": "ada", "iat": issued, "exp": end, "nonce": "n", "auth_time": NOW - 20 }),
            others: vec![
                ("no client", json!({ "client_id": null })),
                ("no jti", json!({ "jti": null })),
                ("no iat", json!({ "iat": null })),
                ("no audience", json!({ "aud": null })),
                ("a nonce", json!({ "nonce": "n" })),
            ],
        },
        Product {
            name: "Keycloak",
            issuer: |issuer| issuer.profile(Profile::Keycloak),
            header: json!({ "typ": "JWT" }),
            access: json!({
                "exp": end, "iat": issued, "auth_time": NOW - 20, "jti": "onrtac:9c3e", "aud": [API, "account"],
                "sub": "f6b1c7a0-59d2-4d4c-8a3f-9e9a9b1b2c3d", "typ": "Bearer", "azp": CLIENT, "sid": "0d0f4f6e-6f6f", "acr": "1",
                "allowed-origins": ["https://app.example.com"],
                "realm_access": { "roles": ["default-roles-acme", "offline_access", "admin", "uma_authorization"] },
                "resource_access": { "account": { "roles": ["manage-account"] } }, "scope": "openid email posts:write",
                "email_verified": true, "preferred_username": "ada", "email": "ada@example.com",
            }),
            user: ("f6b1c7a0-59d2-4d4c-8a3f-9e9a9b1b2c3d", &["admin"], &["openid", "email", "posts:write"]),
            machine: json!({ "preferred_username": "service-account-sync", "azp": "sync", "client_id": "sync", "sid": null, "auth_time": null }),
            contradiction: Some(json!({ "preferred_username": "service-account-0oa1spa" })),
            user_like_a_machine: Some(
                json!({ "preferred_username": "service-account-mallory", "client_id": CLIENT }),
            ),
            id_token: json!({
                "exp": end, "iat": issued, "jti": "i1", "aud": CLIENT, "sub": "f6b1c7a0", "typ": "ID", "azp": CLIENT, "at_hash": "h",
            }),
            others: vec![
                ("an ID token for the API", json!({ "typ": "ID" })),
                ("a refresh token", json!({ "typ": "Refresh" })),
                ("a logout token", json!({ "typ": "Logout" })),
                ("no kind", json!({ "typ": null })),
            ],
        },
        Product {
            name: "Auth0",
            issuer: |issuer| issuer.profile(Profile::Auth0).roles_at("/https:~1~1acme.example~1roles"),
            header: json!({ "typ": "JWT" }),
            access: json!({
                "https://acme.example/roles": ["admin"], "sub": "auth0|6f1d", "aud": [API, "https://acme.eu.auth0.com/userinfo"],
                "iat": issued, "exp": end, "azp": CLIENT, "scope": "openid posts:write", "permissions": ["posts:write"],
            }),
            user: ("auth0|6f1d", &["admin"], &["openid", "posts:write"]),
            machine: json!({ "sub": "0oa1spa@clients", "gty": "client-credentials", "aud": API }),
            contradiction: None,
            user_like_a_machine: Some(json!({ "sub": "custom|mallory@clients" })),
            id_token: json!({ "sub": "auth0|6f1d", "aud": CLIENT, "iat": issued, "exp": end, "sid": "s", "nonce": "n" }),
            others: vec![
                ("an ID token for the API", json!({ "nonce": "n" })),
                ("no client", json!({ "azp": null })),
            ],
        },
        Product {
            name: "Okta",
            issuer: |issuer| issuer.profile(Profile::Okta).roles_at("/groups"),
            header: json!({}),
            access: json!({
                "ver": 1, "jti": "AT.0mP4", "aud": API, "iat": issued, "exp": end, "cid": CLIENT, "uid": "00uid4BxXw6I6TV4m0g3",
                "scp": ["openid", "posts:write"], "auth_time": NOW - 20, "sub": "ada@example.com", "groups": ["Everyone", "member"],
            }),
            user: ("ada@example.com", &["member"], &["openid", "posts:write"]),
            machine: json!({ "sub": CLIENT, "uid": null, "auth_time": null }),
            contradiction: None,
            user_like_a_machine: None,
            id_token: json!({
                "sub": "00uid4BxXw6I6TV4m0g3", "ver": 1, "aud": CLIENT, "iat": issued, "exp": end, "jti": "ID.1", "amr": ["pwd"], "idp": "00o",
                "auth_time": NOW - 20, "at_hash": "h",
            }),
            others: vec![("no client", json!({ "cid": null })), ("no jti", json!({ "jti": null }))],
        },
        Product {
            name: "Entra, version 2",
            issuer: |issuer| issuer.profile(Profile::Entra).subject_at("/oid"),
            header: json!({ "typ": "JWT", "x5t": "a-thumbprint" }),
            access: json!({
                "aud": API, "iat": issued, "nbf": issued, "exp": end, "aio": "A", "azp": CLIENT, "azpacr": "0", "name": "Ada",
                "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "preferred_username": "ada@example.com", "rh": "0.A", "roles": ["admin"],
                "scp": "access_as_user posts:write", "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ", "tid": "72f988bf", "uti": "fq",
                "ver": "2.0",
            }),
            user: ("690222be-ff1a-4d56-abd1-7e4f7d38e474", &["admin"], &["access_as_user", "posts:write"]),
            machine: json!({ "scp": null, "sub": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "idtyp": "app" }),
            contradiction: None,
            user_like_a_machine: Some(json!({ "sub": "690222be-ff1a-4d56-abd1-7e4f7d38e474" })),
            id_token: json!({
                "aud": CLIENT, "iat": issued, "nbf": issued, "exp": end, "sub": "HKZ", "oid": "690222be", "tid": "72f988bf", "ver": "2.0",
                "nonce": "n", "roles": ["admin"],
            }),
            others: vec![
                ("an ID token for the API, which is its own client", json!({ "azp": null, "scp": null })),
                ("an ID token with a nonce", json!({ "nonce": "n" })),
            ],
        },
        Product {
            name: "Entra, version 1",
            issuer: |issuer| issuer.profile(Profile::Entra),
            header: json!({ "typ": "JWT", "x5t": "a-thumbprint" }),
            access: json!({
                "aud": API, "iat": issued, "nbf": issued, "exp": end, "acr": "1", "appid": CLIENT, "appidacr": "0", "oid": "690222be",
                "scp": "posts:write", "sub": "HKZ", "tid": "72f988bf", "ver": "1.0",
            }),
            user: ("HKZ", &[], &["posts:write"]),
            machine: json!({ "scp": null, "roles": ["admin"] }),
            contradiction: None,
            user_like_a_machine: None,
            id_token: json!({ "aud": CLIENT, "iat": issued, "exp": end, "sub": "HKZ", "ver": "1.0" }),
            others: vec![("no client", json!({ "appid": null }))],
        },
        Product {
            name: "Cognito",
            issuer: |issuer| issuer.profile(Profile::Cognito).client_id(CLIENT),
            header: json!({}),
            access: json!({
                "sub": "aaaaaaaa-bbbb", "cognito:groups": ["admin", "eu-west-1_pool"], "version": 2, "client_id": CLIENT, "origin_jti": "o",
                "event_id": "e", "token_use": "access", "scope": "openid posts:write", "auth_time": NOW - 20, "exp": end, "iat": issued,
                "jti": "j", "username": "ada",
            }),
            user: ("aaaaaaaa-bbbb", &["admin"], &["openid", "posts:write"]),
            machine: json!({ "sub": CLIENT, "username": null, "auth_time": null }),
            contradiction: None,
            user_like_a_machine: None,
            id_token: json!({
                "sub": "aaaaaaaa-bbbb", "cognito:groups": ["admin"], "aud": CLIENT, "event_id": "e", "token_use": "id", "auth_time": NOW - 20,
                "cognito:username": "ada", "exp": end, "iat": issued, "jti": "i", "at_hash": "h",
            }),
            others: vec![
                ("an ID token", json!({ "token_use": "id" })),
                ("no use", json!({ "token_use": null })),
                ("another client", json!({ "client_id": "another" })),
                ("no client", json!({ "client_id": null })),
            ],
        },
        Product {
            name: "Zitadel",
            issuer: |issuer| {
                issuer.profile(Profile::Zitadel).roles_at("/urn:zitadel:iam:org:project:280839383929:roles")
            },
            header: json!({ "typ": "JWT" }),
            access: json!({
                "aud": [ZITADEL_CLIENT, API, "280839383929"], "client_id": ZITADEL_CLIENT, "exp": end, "iat": issued, "nbf": issued, "jti": "V2_28",
                "sub": "280839383928", "urn:zitadel:iam:org:project:roles": { "member": { "28": "globex.example" } },
                "urn:zitadel:iam:org:project:280839383929:roles": { "admin": { "28": "acme.example" }, "auditor": { "28": "acme.example" } },
            }),
            user: ("280839383928", &["admin"], &[]),
            machine: json!({ "client_id": "sync-service" }),
            contradiction: None,
            user_like_a_machine: Some(json!({ "client_id": "280839383927@acme" })),
            id_token: json!({
                "aud": [ZITADEL_CLIENT, API], "azp": ZITADEL_CLIENT, "client_id": ZITADEL_CLIENT, "amr": ["pwd"], "auth_time": NOW - 20, "exp": end, "iat": issued,
                "sub": "280839383928", "at_hash": "h", "urn:zitadel:iam:org:project:roles": { "admin": { "28": "acme.example" } },
            }),
            others: vec![
                ("an ID token without a hash", json!({ "azp": ZITADEL_CLIENT, "amr": ["pwd"] })),
                ("no jti", json!({ "jti": null })),
            ],
        },
    ]
}

/// An object with some members in place of its own; `null` takes one away.
fn with(base: &Value, changes: &Value) -> Value {
    let mut all = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => all.remove(name),
            value => all.insert(name.clone(), value.clone()),
        };
    }
    Value::Object(all)
}

impl Product {
    fn app(&self) -> (App, TestIssuer) {
        let issuer = super::acme();
        (App::trusting((self.issuer)(issuer.issuer().audience(API))), issuer)
    }

    fn signed(&self, issuer: &TestIssuer, payload: &Value) -> String {
        let payload = with(payload, &json!({ "iss": issuer.url() }));
        issuer.signed(self.header.clone(), payload.as_object().unwrap())
    }
}

#[tokio::test]
async fn an_access_token_of_each_product_is_of_its_user() {
    for product in products() {
        let (app, issuer) = product.app();
        let token = product.signed(&issuer, &product.access);
        let (status, me) = app.ask("/me", &token).await;
        assert_eq!(status, 200, "{}: {me}", product.name);
        let (id, roles, scopes) = product.user;
        let expected = json!({ "id": id, "roles": roles, "scopes": scopes });
        let found = json!({ "id": me["id"], "roles": me["roles"], "scopes": me["scopes"] });
        assert_eq!(found, expected, "{}", product.name);
        assert_eq!(me["sub"], product.access["sub"], "{}: the subject is as it came", product.name);
        assert_eq!(me["iss"], json!(issuer.url()), "{}", product.name);
        assert_eq!(
            (&me["issuer"], &me["own"], &me["machine"]),
            (&json!("acme"), &json!(false), &json!(false))
        );
        let client = if product.name == "Zitadel" { ZITADEL_CLIENT } else { CLIENT };
        assert_eq!(me["client"], json!(client), "{}", product.name);
        assert_eq!(me["signed_in"], product.access["auth_time"], "{}: never a default", product.name);
        assert_eq!(me["token"], product.access["jti"], "{}", product.name);
        let is_admin = roles.contains(&"admin");
        assert_eq!(app.status("/admin", &token).await, if is_admin { 200 } else { 403 }, "{}", product.name);
        let writes = scopes.contains(&"posts:write");
        assert_eq!(app.status("/posts", &token).await, if writes { 200 } else { 403 }, "{}", product.name);
    }
}

/// Rows 75 and 172.
#[tokio::test]
async fn every_other_token_of_each_product_is_refused() {
    for product in products() {
        let (app, issuer) = product.app();
        let refused = async |what: &str, payload: &Value| {
            let (status, body) = app.ask("/me", &product.signed(&issuer, payload)).await;
            assert_eq!(status, 401, "{}: {what}: {body}", product.name);
            assert_eq!(body["code"], json!("invalid_token"), "{}: {what}", product.name);
        };
        refused("the ID token", &product.id_token).await;
        // Even where it names the API, as it does where one application is both.
        let aud = with(&product.id_token, &json!({ "aud": [API, CLIENT] }));
        refused("an ID token for this audience", &aud).await;
        for (what, changes) in &product.others {
            refused(what, &with(&product.access, changes)).await;
        }
        if product.name != "Cognito" {
            refused(
                "another audience",
                &with(&product.access, &json!({ "aud": "https://other.example.com" })),
            )
            .await;
            refused(
                "an audience that begins like ours",
                &with(&product.access, &json!({ "aud": format!("{API}/v2") })),
            )
            .await;
            refused("no audience", &with(&product.access, &json!({ "aud": [] }))).await;
        }
        for (name, value) in [
            ("exp", json!(NOW - 61)),
            ("exp", json!(null)),
            ("exp", json!("1800000300")),
            ("nbf", json!(NOW + 61)),
            ("iat", json!(NOW + 61)),
            ("sub", json!(null)),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("cnf", json!({ "jkt": "a-key" })),
        ] {
            refused(&format!("{name} {value}"), &with(&product.access, &json!({ (name): value }))).await;
        }
        for typ in ["JWS", "dpop+jwt", "logout+jwt", "id_token+jwt", "secevent+jwt", ""] {
            let payload = with(&product.access, &json!({ "iss": issuer.url() }));
            let token = issuer.signed(json!({ "typ": typ }), payload.as_object().unwrap());
            assert_eq!(app.status("/me", &token).await, 401, "{}: typ {typ:?}", product.name);
        }
        let may_have_none = matches!(product.name, "Okta" | "Cognito");
        let payload = with(&product.access, &json!({ "iss": issuer.url() }));
        let untyped = issuer.signed(json!({}), payload.as_object().unwrap());
        assert_eq!(
            app.status("/me", &untyped).await,
            if may_have_none { 200 } else { 401 },
            "{}",
            product.name
        );
    }
}

/// Row 173: no rule below names a machine.
#[tokio::test]
async fn a_token_that_a_client_has_for_itself_is_of_no_user() {
    for product in products() {
        let (app, issuer) = product.app();
        let payload = with(&product.access, &product.machine);
        let token = product.signed(&issuer, &payload);
        for path in ["/me", "/admin", "/posts", "/fresh"] {
            assert_eq!(app.status(path, &token).await, 403, "{}: {path}", product.name);
        }
        let (status, greeting) = app.ask("/greeting", &token).await;
        assert_eq!((status.as_u16(), greeting), (200, json!("nobody")), "{}", product.name);
    }
}

/// Anyone may choose a name. What only a sign-in has tells a user from a client, and a token that says both is neither.
#[tokio::test]
async fn a_user_does_not_pass_as_a_machine() {
    for product in products() {
        let (app, issuer) = product.app();
        let signed = |changes: &Value| product.signed(&issuer, &with(&product.access, changes));
        if let Some(changes) = &product.user_like_a_machine {
            let (status, me) = app.ask("/me", &signed(changes)).await;
            assert_eq!((status.as_u16(), &me["machine"]), (200, &json!(false)), "{}: {me}", product.name);
        }
        if let Some(changes) = &product.contradiction {
            assert_eq!(app.status("/me", &signed(changes)).await, 401, "{}", product.name);
            assert_eq!(app.status("/greeting", &signed(changes)).await, 401, "{}", product.name);
        }
    }
    // Keycloak leaves the name out of tokens that it keeps small.
    let keycloak = products().remove(1);
    let (app, issuer) = keycloak.app();
    let small =
        with(&keycloak.access, &json!({ "preferred_username": null, "sid": null, "auth_time": null }));
    assert_eq!(app.status("/me", &keycloak.signed(&issuer, &small)).await, 403);
    let small = with(&keycloak.access, &json!({ "preferred_username": null }));
    assert_eq!(app.status("/me", &keycloak.signed(&issuer, &small)).await, 200, "it has a session");
}

/// Where tokens usually have no audience, one that is there counts all the same.
#[tokio::test]
async fn an_audience_in_a_token_of_cognito_is_compared() {
    let products = products();
    let cognito = products.iter().find(|product| product.name == "Cognito").unwrap();
    let (app, issuer) = cognito.app();
    for (aud, expected) in
        [(json!(API), 200), (json!([API, "b"]), 200), (json!("https://other.test"), 401), (json!(7), 401)]
    {
        let token = cognito.signed(&issuer, &with(&cognito.access, &json!({ "aud": aud })));
        assert_eq!(app.status("/me", &token).await, expected, "{aud}");
    }
}

/// RFC 7519 section 2: JavaScript writes times with a fraction.
#[tokio::test]
async fn times_with_a_fraction_are_accepted_and_make_no_token_live_longer() {
    let product = &products()[0];
    let (app, issuer) = product.app();
    for (claims, expected) in [
        (json!({ "iat": NOW as f64 - 0.25, "exp": NOW as f64 + 0.5, "auth_time": NOW as f64 - 0.5 }), 200),
        (json!({ "exp": NOW as f64 - 59.5 }), 401),
        (json!({ "exp": NOW as f64 - 59.0 }), 200),
        (json!({ "nbf": NOW as f64 + 60.0 }), 200),
        (json!({ "nbf": NOW as f64 + 60.5 }), 401),
        (json!({ "iat": NOW as f64 + 60.5 }), 401),
        (json!({ "exp": 1e300 }), 401),
        (json!({ "exp": -1 }), 401),
        (json!({ "auth_time": "yesterday" }), 401),
    ] {
        let token = product.signed(&issuer, &with(&product.access, &claims));
        assert_eq!(app.status("/me", &token).await, expected, "{claims}");
    }
}

/// A sign-in whose time the issuer does not say is never taken for a fresh one.
#[tokio::test]
async fn a_route_that_demands_a_fresh_sign_in_refuses_a_token_without_one() {
    let product = &products()[0];
    let (app, issuer) = product.app();
    for (auth_time, expected) in
        [(json!(NOW - 20), 200), (json!(NOW - 601), 401), (json!(null), 401), (json!(NOW + 61), 401)]
    {
        let token = product.signed(&issuer, &with(&product.access, &json!({ "auth_time": auth_time })));
        let (status, body) = app.ask("/fresh", &token).await;
        assert_eq!(status, expected, "{auth_time}: {body}");
        if expected == 401 {
            assert_eq!(body["code"], json!("insufficient_user_authentication"), "{auth_time}");
        }
    }
}
