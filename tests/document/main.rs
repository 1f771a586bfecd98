//! Outside programs check a document and the server behind it. `tests/run` installs them with `npm ci` and `pip install`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test that is how it fails")]

mod collisions;
mod handlers;
mod server;
mod tools;

use axum::{Json, Router};
use countersign::Access;
use serde_json::{Value, json};

use handlers::App;
use server::{Guarded, Server};
use tools::{Said, Workshop};

/// The document after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Workshop {
    let mut document = serde_json::to_value(handlers::router(&App::new().auth).openapi()).unwrap();
    change(&mut document);
    Workshop::with(&document)
}

/// Row 141: structure, and a `security` on every operation.
#[test]
fn redocly_finds_nothing_wrong_with_the_document() {
    for app in [App::new(), App::everywhere()] {
        let router = handlers::router(&app.auth);
        Workshop::with(&serde_json::to_value(router.openapi()).unwrap()).redocly().content();
    }
}

#[test]
fn redocly_finds_what_was_planted() {
    let said = changed(|document| {
        let paths = &mut document["paths"];
        paths["/me"]["get"].as_object_mut().unwrap().remove("security");
        paths["/audit"]["get"]["security"] = json!([{ "nobody": [] }]);
        paths["/lounge"]["get"]["responses"]["401"].as_object_mut().unwrap().remove("headers");
        let refusal = &mut paths["/members"]["get"]["responses"]["403"];
        refusal["content"] = json!({ "text/plain": { "schema": { "type": "string" } } });
    })
    .redocly();
    assert!(!said.content, "{}", said.text);
    for problem in [
        "Every operation should have security defined on it or on the root level",
        "There is no `nobody` security scheme defined",
        "must contain a \"WWW-Authenticate\" header",
        "A refusal is a problem document (RFC 9457)",
    ] {
        assert_eq!(said.text.matches(problem).count(), 1, "{problem} in: {}", said.text);
    }
}

/// The schema of OpenAPI 3.1 itself.
#[test]
fn the_document_is_valid_against_the_schema_of_its_version() {
    changed(|_| ()).npm("validate-api", &["openapi.json"]).content();
    changed(|document| document["paths"]["/me"]["get"]["security"] = json!([{ "bearer": "member" }]))
        .npm("validate-api", &["openapi.json"])
        .complains("security");
}

/// The document in which every name is there twice.
fn collided(change: impl FnOnce(&mut Value)) -> Workshop {
    let mut document = serde_json::to_value(collisions::document()).unwrap();
    change(&mut document);
    Workshop::with(&document)
}

/// The rules that the schema of OpenAPI 3.1 does not know: parameters of paths, operation ids, references.
#[test]
fn every_document_keeps_the_rules_of_its_version() {
    changed(|_| ()).rules().content();
    Workshop::with(&serde_json::to_value(handlers::router(&App::everywhere().auth).openapi()).unwrap())
        .rules()
        .content();
    collided(|_| ()).rules().content();
    collided(|_| ()).redocly().content();
    collided(|_| ()).npm("validate-api", &["openapi.json"]).content();
    assert_eq!(broken_names(&serde_json::to_value(collisions::document()).unwrap()), [""; 0]);
}

#[test]
fn a_broken_rule_is_noticed() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 6] = [
        ("Operation ID 'logout' for", |document| {
            document["paths"]["/v1/me"]["get"]["operationId"] = json!("logout");
        }),
        ("Path parameter '*path'", |document| {
            let paths = document["paths"].as_object_mut().unwrap();
            let item = paths.remove("/v2/{tenant}/files/{path}").unwrap();
            paths.insert("/v2/{tenant}/files/{*path}".to_owned(), item);
        }),
        ("Path parameter 'tenant'", |document| {
            document["paths"]["/v2/{tenant}/me"]["get"]["parameters"] = json!([]);
        }),
        ("Duplicate parameter 'tenant'", |document| {
            let parameters =
                document["paths"]["/v2/{tenant}/me"]["get"]["parameters"].as_array_mut().unwrap();
            parameters.push(parameters[0].clone());
        }),
        ("/components/schemas/TokenPair' does not exist", |document| {
            document["components"]["schemas"].as_object_mut().unwrap().remove("TokenPair");
        }),
        ("\"description\" is a required property", |document| {
            document["paths"]["/v1/me"]["get"]["responses"]["401"]
                .as_object_mut()
                .unwrap()
                .remove("description");
        }),
    ];
    for (words, change) in changes {
        collided(change).rules().complains(words);
    }
    let mut document = serde_json::to_value(collisions::document()).unwrap();
    document["paths"]["/v1/me"]["get"]["security"] = json!([{ "nobody": [] }]);
    document["paths"]["/v1/me"]["get"]["responses"]["401"]["content"] = json!({ "json": {} });
    assert_eq!(
        broken_names(&document),
        ["get /v1/me: `nobody` is no scheme", "get /v1/me: `json` is no media type"]
    );
}

/// What the validators do not look at: security schemes that exist (in every place), and media types.
fn broken_names(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let requirements = operation["security"].as_array().into_iter().flatten();
            for scheme in requirements.flat_map(|requirement| requirement.as_object().unwrap().keys()) {
                if document["components"]["securitySchemes"].get(scheme).is_none() {
                    found.push(format!("{method} {path}: `{scheme}` is no scheme"));
                }
            }
            for response in operation["responses"].as_object().into_iter().flat_map(|all| all.values()) {
                for media_type in response["content"].as_object().into_iter().flat_map(|all| all.keys()) {
                    if media_type.split('/').filter(|part| !part.is_empty()).count() != 2 {
                        found.push(format!("{method} {path}: `{media_type}` is no media type"));
                    }
                }
            }
        }
    }
    found
}

/// The application's names stay the application's, and each operation shows the cookie of its own `Auth`.
#[test]
fn two_of_everything_are_told_apart() {
    let document = serde_json::to_value(collisions::document()).unwrap();
    let operation = |path: &str, method: &str| document["paths"][path][method].clone();
    let ids = [
        ("/newsletter/logout", "post", "logout"),
        ("/auth/logout", "post", "auth_logout"),
        ("/staff/auth/logout", "post", "staff_logout"),
        ("/staff/me", "get", "me"),
        ("/v1/me", "get", "v1_me"),
        ("/v1/me", "head", "v1_head_me"),
        ("/status", "get", "sessions"),
        ("/auth/sessions", "get", "auth_sessions"),
    ];
    for (path, method, id) in ids {
        assert_eq!(operation(path, method)["operationId"], id, "{method} {path}");
    }
    let cookie = |path: &str| {
        let security = operation(path, "get")["security"].clone();
        let mut names = security.as_array().unwrap().iter().flat_map(|it| it.as_object().unwrap().keys());
        let scheme = names.find(|name| name.contains("Cookie")).unwrap();
        document["components"]["securitySchemes"][scheme]["name"].clone()
    };
    assert_eq!(cookie("/v1/me"), "__Host-shop-access");
    assert_eq!(cookie("/staff/me"), "__Host-staff-access");
    let logout = operation("/newsletter/logout", "post");
    let schema =
        |pointer: &str| logout.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {logout}")).clone();
    assert_eq!(
        schema("/requestBody/content/application~1json/schema/$ref"),
        "#/components/schemas/RefreshRequest"
    );
    assert_eq!(
        schema("/responses/200/content/application~1json/schema/$ref"),
        "#/components/schemas/TokenPair"
    );
    assert_eq!(
        schema("/responses/403/content/application~1json/schema/$ref"),
        "#/components/schemas/ProblemDetails"
    );
    for status in ["403", "409", "422"] {
        let ours = format!("/responses/{status}/content/application~1problem+json/schema/$ref");
        assert_eq!(schema(&ours), "#/components/schemas/CountersignProblemDetails");
    }
}

/// Generates the types and compiles the client.
fn compile(workshop: &Workshop) -> Said {
    workshop.npm("openapi-typescript", &["openapi.json", "--output", "schema.ts"]).content();
    workshop.npm("tsc", &["--project", "tsconfig.json"])
}

#[test]
fn a_client_with_generated_types_compiles_and_runs() {
    let guarded = Guarded::start();
    let workshop = Workshop::with(&serde_json::to_value(&guarded.document).unwrap());
    compile(&workshop).content();
    let tokens = &guarded.tokens;
    let arguments = ["client.js", &guarded.server.url, &tokens.access_token, &tokens.refresh_token];
    let said = workshop.node(&arguments).content();
    assert!(said.contains("client: every check passed"), "{said}");
}

#[test]
fn a_client_of_another_document_does_not_compile() {
    let workshop = changed(|document| {
        let members = document["paths"]["/me"]["get"].as_object_mut().unwrap();
        members.remove("responses");
        members.insert("responses".to_owned(), json!({ "204": { "description": "No Content" } }));
    });
    compile(&workshop).complains("error TS");
}

/// The checks of schemathesis that concern the answers of the guard.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";

fn attack(workshop: &Workshop, url: &str, guarded: &Guarded, arguments: &[&str]) -> Said {
    let access = format!("Authorization: Bearer {}", guarded.tokens.access_token);
    let refresh = format!("X-Refresh-Token: {}", guarded.tokens.refresh_token);
    let mut all = vec!["run", "openapi.json", "--url", url, "--header", &access, "--header", &refresh];
    all.extend([
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "10",
        "--seed",
        "7",
        "--no-color",
    ]);
    all.extend(["--request-timeout", "20"]);
    all.extend(arguments);
    workshop.schemathesis(&all)
}

/// Row 145.
#[test]
fn schemathesis_finds_no_operation_that_ignores_its_guard() {
    let guarded = Guarded::start();
    let workshop = Workshop::with(&serde_json::to_value(&guarded.document).unwrap());
    attack(&workshop, &guarded.server.url, &guarded, &["--checks", CHECKS]).content();
    // An empty report proves nothing unless requests were sent.
    for row in guarded.matrix.rows() {
        let answers = guarded.answers(row.method(), row.path());
        let (let_in, refused) = (answers.let_in > 0, answers.refused > 0);
        let is_guarded = !matches!(row.access(), Access::Public { .. } | Access::Optional);
        let expected = (true, true);
        assert!(!is_guarded || (let_in, refused) == expected, "{row:?}: {answers:?}");
    }
}

/// Row 145, reversed: a server behind the same document that lets every caller in.
#[test]
fn schemathesis_finds_a_server_that_ignores_its_document() {
    let guarded = Guarded::start();
    let workshop = Workshop::with(&serde_json::to_value(&guarded.document).unwrap());
    let open = Server::start(Router::new().fallback(async || Json(json!({}))));
    let paths = ["/me", "/members", "/export"];
    let mut arguments = vec!["--checks", "ignored_auth"];
    paths.iter().for_each(|path| arguments.extend(["--include-path", path]));
    let said = attack(&workshop, &open.url, &guarded, &arguments);
    assert!(!said.content, "{}", said.text);
    let found = said.text.matches("API accepts requests without authentication").count();
    assert!(found >= paths.len(), "{}", said.text);
    for path in paths {
        assert!(said.text.contains(&format!("for `GET {path}`")), "{path} in: {}", said.text);
    }
}
