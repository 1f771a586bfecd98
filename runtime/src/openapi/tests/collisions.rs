//! Names as identity: each name that this crate puts into a document, used by the application for something of its own, and two of
//! everything.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use super::{User, at, auth_with};
use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::openapi::{Declared, TokenPlaces, finish};
use crate::{Auth, AuthRouter, Cookies, Liveness, RefreshSession, SignIn, public, routes};

#[utoipa::path(get, path = "/export")]
async fn export(session: RefreshSession<User>) -> String {
    session.claims().id.clone()
}

#[public(reason = "the password is the credential")]
#[utoipa::path(post, path = "/login", responses((status = 401, body = crate::ProblemDetails)))]
async fn login(_: SignIn<User>) {}

/// Everything that this crate can put into a document.
fn full() -> (Auth<User>, AuthRouter<Auth<User>>) {
    let auth = auth_with(|builder| {
        builder
            .cookies(Cookies::new().with_access_cookie())
            .access_header(http::HeaderName::from_static("x-access-token"))
            .access_query(crate::dangerous::AccessTokenInQuery::named("access_token"))
            .liveness(Liveness::Always)
    });
    let router = AuthRouter::new()
        .routes(routes!(super::me, super::members, super::health, super::greeting, login, export))
        .routes(auth.routes().nest("/auth"));
    (auth, router)
}

fn json_of(openapi: &OpenApi) -> Value {
    serde_json::to_value(openapi).unwrap()
}

fn names(document: &Value, pointer: &str) -> Vec<String> {
    at(document, pointer).as_object().unwrap().keys().cloned().collect()
}

#[test]
fn each_of_our_names_can_be_one_of_the_applications() {
    let (_, router) = full();
    let plain = json_of(router.openapi());
    let schemas = names(&plain, "/components/schemas");
    let schemes = names(&plain, "/components/securitySchemes");
    assert!(schemas.len() > 6 && schemes.len() > 5, "{schemas:?} {schemes:?}");
    for schema in schemas.into_iter().filter(|schema| schema != "Member") {
        assert_kept("schemas", &schema, json!({ "type": "integer", "description": "mine" }));
    }
    for scheme in schemes {
        assert_kept(
            "securitySchemes",
            &scheme,
            json!({ "type": "apiKey", "in": "header", "name": "X-Mine" }),
        );
    }
}

/// The application's component stays, ours is there under another name, and every reference leads to its own.
#[track_caller]
fn assert_kept(kind: &str, name: &str, mine: Value) {
    let (_, router) = full();
    let uses = if kind == "schemas" {
        let content =
            json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } });
        json!({ "get": { "operationId": "mine", "responses": { "200": { "description": "", "content": content } } } })
    } else {
        json!({ "get": { "operationId": "mine", "responses": {}, "security": [{ name: [] }] } })
    };
    let own = json!({
        "openapi": "3.1.0",
        "info": { "title": "Mine", "version": "1" },
        "paths": { "/mine": uses },
        "components": { kind: { name: mine } },
    });
    let given: OpenApi = serde_json::from_value(own).unwrap();
    let without = json_of(router.openapi());
    for router in [
        AuthRouter::with_openapi(given.clone()).merge(router.clone()),
        router.clone().merge(AuthRouter::with_openapi(given.clone())),
        AuthRouter::with_openapi(given).nest("/api", router),
    ] {
        let document = json_of(router.openapi());
        assert_eq!(document["components"][kind][name], mine, "{name}");
        let count = |document: &Value| document["components"][kind].as_object().unwrap().len();
        assert_eq!(count(&document), count(&without) + 1, "{name}: ours is there too");
        assert!(!document.to_string().contains("x-countersign\""), "a mark is left");
        let used = document["paths"]["/mine"]["get"].to_string();
        assert!(
            used.contains(&format!("/{name}\"")) || used.contains(&format!("\"{name}\"")),
            "{name}: {used}"
        );
        let prefix = if document["paths"].get("/api/me").is_some() { "/api" } else { "" };
        // Ours means what it meant: only the name differs.
        let renamed =
            format!("{}{}{}", if kind == "schemas" { "C" } else { "c" }, "ountersign", capital(name));
        for (path, item) in without["paths"].as_object().unwrap() {
            let ours = document["paths"][format!("{prefix}{path}")].to_string();
            let back = ours
                .replace(&format!("/{renamed}\""), &format!("/{name}\""))
                .replace(&format!("\"{renamed}\":"), &format!("\"{name}\":"));
            assert_eq!(back, item.to_string(), "{name} at {path}");
        }
        assert_resolved(&document);
    }
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// Every reference, every scheme and every operation id.
#[track_caller]
fn assert_resolved(document: &Value) {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    references(document, &mut found);
    for reference in found {
        assert!(!at(document, reference.trim_start_matches('#')).is_null(), "{reference}");
    }
    let schemes = names(document, "/components/securitySchemes");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{method} {path}: {id} is there twice");
            for requirement in operation["security"].as_array().into_iter().flatten() {
                for scheme in requirement.as_object().unwrap().keys() {
                    assert!(schemes.contains(scheme), "{method} {path}: {scheme}");
                }
            }
        }
    }
}

mod staff {
    //! Names that the application has twice.
    use super::User;
    use crate::{authenticated, routes, typed_refresh_handler};

    #[authenticated]
    #[utoipa::path(get, path = "/me", responses((status = 200)))]
    async fn me(_user: User) {}

    typed_refresh_handler!(refresh, crate::Auth<User>);

    pub(super) fn router() -> crate::AuthRouter<crate::Auth<User>> {
        crate::AuthRouter::new().routes(routes!(me, refresh))
    }
}

#[test]
fn two_of_everything_have_names_of_their_own() {
    let (_, router) = full();
    let twice = AuthRouter::<Auth<User>>::new()
        .nest("/v1", router.clone())
        .nest("/v2", router.clone())
        .nest("/staff", staff::router())
        .routes(routes!(super::refresh))
        .merge(router);
    let document = json_of(twice.openapi());
    assert_resolved(&document);
    assert_eq!(document["paths"]["/me"]["get"]["operationId"], "me");
    assert_eq!(document["paths"]["/staff/me"]["get"]["operationId"], "staff_me");
    assert_eq!(document["paths"]["/v2/auth/logout"]["post"]["operationId"], "v2_logout");
}

/// A finished document as the beginning of another one changes nothing.
#[test]
fn a_finished_document_can_be_finished_again() {
    let (_, router) = full();
    let once = json_of(router.openapi());
    let again = AuthRouter::<Auth<User>>::with_openapi(router.openapi().clone()).merge(router);
    assert_eq!(json_of(again.openapi()), once);
}

/// A document with one operation of each `Auth`.
fn of_two(one: &TokenPlaces, other: &TokenPlaces) -> Value {
    let operation = || json!({ "responses": {} });
    let mut openapi = serde_json::from_value(json!({
        "openapi": "3.1.0",
        "info": { "title": "", "version": "" },
        "paths": { "/one": { "get": operation() }, "/other": { "get": operation() }, "/none": { "get": operation() } },
    }))
    .unwrap();
    let declared = |path, token_places, access| Declared {
        path,
        method: &http::Method::GET,
        access,
        roles: RoleTable::NONE,
        token_places,
    };
    let both = Access::Require(Rule::BothTokens);
    finish(
        &mut openapi,
        &[
            declared("/one", Some(one), Access::Authenticated),
            declared("/other", Some(other), both),
            declared("/none", None, Access::Authenticated),
        ],
        &[],
    );
    json_of(&openapi)
}

fn schemes_of(document: &Value, path: &str) -> Vec<String> {
    let security = document["paths"][path]["get"]["security"].as_array().unwrap().clone();
    security.iter().map(|it| Vec::from_iter(it.as_object().unwrap().keys().cloned()).join("+")).collect()
}

#[test]
fn two_auths_have_schemes_of_their_own() {
    let places = |name: &'static str| {
        TokenPlaces::of(&auth_with(|builder| {
            builder.cookies(Cookies::new().named(name).with_access_cookie())
        }))
    };
    let (shop, staff, plain) = (places("shop"), places("staff"), TokenPlaces::of(&super::auth()));
    let document = of_two(&shop, &staff);
    assert_eq!(schemes_of(&document, "/one"), ["shopBearer", "shopAccessCookie"]);
    let both = [
        "staffBearer+staffRefreshToken",
        "staffAccessCookie+staffRefreshToken",
        "staffBearer+staffRefreshCookie",
        "staffAccessCookie+staffRefreshCookie",
    ];
    assert_eq!(schemes_of(&document, "/other"), both);
    assert_eq!(schemes_of(&document, "/none"), ["bearer"]);
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["shopAccessCookie"]["name"], "__Host-shop-access");
    assert_eq!(schemes["staffAccessCookie"]["name"], "__Host-staff-access");
    // One alone has plain names, and it is taken for that of every operation.
    let document = of_two(&shop, &shop);
    assert_eq!(schemes_of(&document, "/one"), ["bearer", "accessCookie"]);
    assert_eq!(schemes_of(&document, "/none"), ["bearer", "accessCookie"]);
    // Without a name of its own, an `Auth` has that of its claims.
    let document = of_two(&plain, &shop);
    assert_eq!(schemes_of(&document, "/one"), ["userBearer"]);
}

#[test]
fn the_extension_of_the_application_stays() {
    let mut openapi: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0",
        "info": { "title": "", "version": "" },
        "paths": { "/one": { "get": { "responses": {}, "x-access": "internal" } } },
    }))
    .unwrap();
    let declared = Declared {
        path: "/one",
        method: &http::Method::GET,
        access: Access::Authenticated,
        roles: RoleTable::NONE,
        token_places: None,
    };
    finish(&mut openapi, &[declared], &[]);
    let operation = json_of(&openapi)["paths"]["/one"]["get"].clone();
    assert_eq!(operation["x-access"], "internal");
    assert_eq!(operation["x-countersign-access"]["kind"], "authenticated");
}

/// Row 140: the body of every problem, however its media type was written.
#[test]
fn a_problem_has_its_media_type() {
    let reference = json!({ "$ref": "#/components/schemas/countersign.ProblemDetails" });
    let content =
        |media_type: &str| json!({ "description": "", "content": { media_type: { "schema": reference } } });
    let mine = json!({ "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ProblemDetails" } } } });
    let mut openapi: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0",
        "info": { "title": "", "version": "" },
        "paths": { "/one": { "get": { "responses": {
            "401": content("application/json"), "409": content("application/problem+json"), "422": mine,
        } } } },
        "components": { "schemas": { "ProblemDetails": { "type": "string" } }, "responses": { "Taken": content("application/json") } },
    }))
    .unwrap();
    finish(&mut openapi, &[], &[]);
    let document = json_of(&openapi);
    let media_types = |response: &Value| names(response, "/content");
    let responses = &document["paths"]["/one"]["get"]["responses"];
    for response in [&responses["401"], &responses["409"], &document["components"]["responses"]["Taken"]] {
        assert_eq!(media_types(response), ["application/problem+json"]);
    }
    assert_eq!(
        media_types(&responses["422"]),
        ["application/json"],
        "the application's own type of that name"
    );
    assert_resolved(&json!({ "paths": {}, "components": document["components"], "all": document["paths"] }));
}

/// A response of the components is shown beside the guard's, and stays as it is for others.
#[test]
fn a_referenced_response_is_shown_beside_the_guards() {
    let mut openapi: OpenApi = serde_json::from_value(json!({
        "openapi": "3.1.0",
        "info": { "title": "", "version": "" },
        "paths": { "/one": { "get": { "responses": {
            "401": { "$ref": "#/components/responses/Mine" }, "404": { "$ref": "#/components/responses/Mine" },
        } } } },
        "components": { "responses": { "Mine": { "description": "mine" } } },
    }))
    .unwrap();
    let declared = Declared {
        path: "/one",
        method: &http::Method::GET,
        access: Access::Authenticated,
        roles: RoleTable::NONE,
        token_places: None,
    };
    finish(&mut openapi, &[declared], &[]);
    let document = json_of(&openapi);
    let responses = &document["paths"]["/one"]["get"]["responses"];
    assert_eq!(responses["401"]["description"], "mine\n\nNo valid access token");
    assert_eq!(responses["404"]["$ref"], "#/components/responses/Mine");
    assert_eq!(document["components"]["responses"]["Mine"], json!({ "description": "mine" }));
}
