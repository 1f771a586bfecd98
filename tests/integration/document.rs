//! The document and the matrix are two views of the same routes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign::testing::assert_document_matches;
use countersign::{Access, AccessMatrix, AuthRouter};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use self::handlers::App;
use crate::process::Process;

#[path = "../document/handlers.rs"]
mod handlers;

/// Every route, at three addresses.
fn router() -> AuthRouter<App> {
    let router = handlers::router(&App::new().auth);
    AuthRouter::new().nest("/a", router.clone()).nest("/b/c", router.clone()).merge(router)
}

fn json_of(openapi: &OpenApi) -> Value {
    serde_json::to_value(openapi).unwrap()
}

/// Rows 140, 141 and 142.
#[test]
fn the_document_of_a_big_router_says_what_its_matrix_says() {
    let router = router();
    let matrix = router.access_matrix();
    assert!(matrix.rows().iter().filter(|row| row.is_documented()).count() > 45);
    assert_document_matches(&matrix, router.openapi());
    assert_document_matches(&AccessMatrix::default(), AuthRouter::<App>::new().openapi());
}

/// Cookies and other places of tokens add alternatives, none of which is wider.
#[test]
fn the_document_still_matches_where_tokens_have_many_places() {
    // The endpoints are of another `Auth`, so the schemes of both have names of their own.
    let router = router().describe(&App::everywhere().auth);
    assert_document_matches(&router.access_matrix(), router.openapi());
    let router = handlers::router(&App::everywhere().auth).with_state::<()>(App::everywhere());
    assert_document_matches(&router.access_matrix(), router.openapi());
    let security = &json_of(router.openapi())["paths"]["/members"]["get"]["security"];
    assert!(security.as_array().unwrap().contains(&json!({ "accessCookie": ["member"] })), "{security}");
}

/// Rows 140 to 142, read off the document without the code that writes it.
#[test]
fn security_and_refusals_follow_from_the_access_of_each_row() {
    let router = router();
    let document = json_of(router.openapi());
    for row in router.access_matrix().rows() {
        let operation = &document["paths"][row.path()][row.method().to_lowercase()];
        let security = operation["security"].as_array().unwrap();
        let open = security.is_empty() || security.contains(&json!({}));
        let place = format!("{} {}", row.method(), row.path());
        match row.access() {
            Access::Public { reason } => {
                assert!(security.is_empty(), "{place}");
                assert_eq!(operation["x-access"]["reason"], reason, "{place}");
            }
            Access::Optional => assert_eq!(*security, [json!({}), json!({ "bearer": [] })], "{place}"),
            Access::Authenticated => assert_eq!(*security, [json!({ "bearer": [] })], "{place}"),
            _ => assert!(!open, "{place}"),
        }
        let refused = operation["responses"].get("401").is_some();
        assert_eq!(refused, !matches!(row.access(), Access::Public { .. }), "{place}");
    }
    let at = |path: &str, method: &str| document["paths"][path][method].clone();
    assert_eq!(
        at("/posts/{id}", "put")["security"],
        json!([{ "bearer": ["editor", "posts:write"] }, { "bearer": ["admin", "posts:write"] }])
    );
    assert_eq!(at("/posts", "post")["security"], json!([{ "bearer": ["editor"] }, { "bearer": ["admin"] }]));
    assert_eq!(at("/drill", "post")["description"], "Access: an internal role");
    assert_eq!(at("/posts/{id}", "put")["x-access"]["checks"], json!(["owns_post"]));
    for (path, method, statuses) in [
        ("/posts/{id}", "put", &["200", "400", "401", "403", "404", "503"][..]),
        ("/password", "post", &["204", "400", "401"]),
        ("/balance", "get", &["200", "400", "401", "503"]),
        ("/payouts", "post", &["204", "400", "401", "403", "503"]),
        ("/health", "get", &["200"]),
    ] {
        let operation = at(path, method);
        let found: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(found, statuses, "{path}");
    }
}

/// The message of the comparison for a changed document.
fn said_of(change: impl FnOnce(&mut Value)) -> String {
    let router = router();
    let mut document = json_of(router.openapi());
    change(&mut document);
    let changed: OpenApi = serde_json::from_value(document).unwrap();
    let compare = || assert_document_matches(&router.access_matrix(), &changed);
    let panic = catch_unwind(AssertUnwindSafe(compare)).expect_err("the comparison notices nothing");
    panic.downcast_ref::<String>().unwrap().clone()
}

/// Row 140: the comparison notices every change.
#[test]
fn a_changed_document_is_noticed() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 14] = [
        ("GET /me: is not in the document", |document| {
            document["paths"]["/me"].as_object_mut().unwrap().remove("get");
        }),
        ("DELETE /me: is in the document, but not in the matrix", |document| {
            document["paths"]["/me"]["delete"] = document["paths"]["/me"]["get"].clone();
        }),
        ("GET /more: is in the document", |document| {
            document["paths"]["/more"] = document["paths"]["/me"].clone();
        }),
        ("GET /members: `security` is [{\"bearer\":[]}]", |document| {
            document["paths"]["/members"]["get"]["security"] = json!([{ "bearer": [] }]);
        }),
        ("GET /members: `security` is []", |document| {
            document["paths"]["/members"]["get"]["security"] = json!([]);
        }),
        ("GET /members: `security` is null", |document| {
            document["paths"]["/members"]["get"].as_object_mut().unwrap().remove("security");
        }),
        ("GET /members: `security` is", |document| {
            document["paths"]["/members"]["get"]["security"].as_array_mut().unwrap().push(json!({}));
        }),
        ("GET /members: `security` is", |document| {
            document["paths"]["/members"]["get"]["security"].as_array_mut().unwrap().remove(0);
        }),
        ("GET /members: `security` is", |document| {
            let alternatives = document["paths"]["/members"]["get"]["security"].as_array_mut().unwrap();
            alternatives.push(json!({ "undefined": ["member"] }));
        }),
        ("GET /export: `security` is", |document| {
            document["paths"]["/export"]["get"]["security"] = json!([{ "bearer": [] }]);
        }),
        ("GET /health: `security` is [{}]", |document| {
            document["paths"]["/health"]["get"]["security"] = json!([{}]);
        }),
        ("GET /members: `x-access` is", |document| {
            document["paths"]["/members"]["get"]["x-access"]["roles"]["member"] = json!(["member"]);
        }),
        ("GET /members: the description lacks the line `Access: role `member``", |document| {
            document["paths"]["/members"]["get"]["description"] = json!("Access: anyone, signed in or not");
        }),
        ("POST /payouts: the response 403 is missing", |document| {
            document["paths"]["/payouts"]["post"]["responses"].as_object_mut().unwrap().remove("403");
        }),
    ];
    for (expected, change) in changes {
        let said = said_of(change);
        assert!(said.contains(expected), "expected {expected}\nin {said}");
    }
}

/// Row 143: OpenAPI 3.0 forbids names behind a bearer scheme.
#[test]
fn names_follow_a_scheme_in_openapi_3_1() {
    for document in [json_of(router().openapi()), json_of(AuthRouter::<App>::new().openapi())] {
        assert_eq!(document["openapi"], "3.1.0");
    }
}

/// Row 147: a private role is in no schema, no description and no requirement.
#[test]
fn a_private_role_is_nowhere_in_the_document() {
    let document = json_of(router().openapi());
    assert_eq!(
        document["components"]["schemas"]["Role"]["enum"],
        json!(["guest", "member", "editor", "admin"])
    );
    assert!(!document.to_string().to_lowercase().contains("breakglass"));
}

/// Row 147: also where the application's own document names it, for a handler outside the router.
#[test]
fn a_private_role_is_nowhere_in_a_document_of_the_application() {
    let mut written = json_of(router().openapi());
    let ghost = &mut written["paths"]["/ghost"];
    *ghost = json!({ "get": { "responses": {}, "security": [{ "bearer": ["breakglass"] }, { "bearer": ["editor"] }] } });
    written["components"]["schemas"]["Rank"] = json!({ "type": "string", "enum": ["member", "breakglass"] });
    let written = serde_json::from_value(written).unwrap();
    let document = json_of(AuthRouter::<App>::with_openapi(written).merge(router()).openapi());
    assert_eq!(document["paths"]["/ghost"]["get"]["security"], json!([{ "bearer": ["editor"] }]));
    assert!(!document.to_string().to_lowercase().contains("breakglass"));
}

/// Texts that look like a token, a key or a password.
fn secrets_in(document: &Value) -> Vec<String> {
    let text = document.to_string();
    let words =
        text.split(|character: char| !(character.is_ascii_alphanumeric() || "-_+/=.".contains(character)));
    let is_secret = |word: &&str| {
        let kinds = [char::is_lowercase, char::is_uppercase, |character: char| character.is_ascii_digit()];
        let random = word.len() >= 24 && kinds.iter().all(|kind| word.chars().any(kind));
        random || word.contains("eyJ") || word.contains("-----BEGIN")
    };
    words.filter(is_secret).map(str::to_owned).collect()
}

/// Row 147.
#[test]
fn no_document_of_an_example_shows_a_token_or_a_secret() {
    let examples = [
        (&["-p", "examples", "--bin", "openapi"][..], "/openapi.json"),
        (&["-p", "examples", "--bin", "browser"], "/scalar/openapi.json"),
        (&["-p", "quickstart"], "/scalar/openapi.json"),
    ];
    for (arguments, path) in examples {
        let folder = tempfile::tempdir().unwrap();
        let server = Process::start(arguments, &[("DATABASE", folder.path().join("sessions.db"))]);
        let (status, document) = server.get(path, None);
        assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")), "{arguments:?}");
        assert_eq!(secrets_in(&document), [""; 0], "{arguments:?}");
        let password = server.credentials("ada")["password"].as_str().unwrap().to_owned();
        assert!(!document.to_string().contains(&password), "{arguments:?}");
    }
    assert_eq!(secrets_in(&json_of(router().openapi())), [""; 0]);
}

#[test]
fn the_search_for_secrets_finds_them() {
    for secret in [
        "eyJhbGciOiJub25lIn0.e30.",
        "HyuBW-B5chk8ePuE222D95FjyG4zNsQm1RkhLIpdN0_Xt3QQ",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        assert_eq!(
            secrets_in(&json!({ "example": { "token": format!("use {secret} here") } })).len(),
            1,
            "{secret}"
        );
    }
}
