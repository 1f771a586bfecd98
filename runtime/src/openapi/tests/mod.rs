//! The document of a whole router, and the translation of rules.

mod collisions;
mod declared;
mod parts;
mod sessions;

use std::fmt::Display;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, PathItem};

use crate::matrix::nested;
use crate::store::MemoryStore;
use crate::token::{Algorithm, Key};
use crate::{
    Auth, AuthBuilder, AuthRouter, SessionClaims, authenticated, public, require_role, routes,
    typed_refresh_handler,
};

#[derive(crate::Role, Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Member,
    #[role(implies(Member))]
    Admin,
}

#[derive(SessionClaims, Clone)]
struct User {
    #[claims(subject)]
    id: String,
    #[claims(roles)]
    roles: Vec<Role>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Member {
    name: String,
}

/// Who am I?
#[authenticated]
#[utoipa::path(get, path = "/me", responses((status = 200, body = String)))]
async fn me(user: User) -> String {
    format!("{} {:?}", user.id, user.roles)
}

/// Every member
#[require_role("admin", Role::Member)]
#[utoipa::path(get, path = "/members", responses(
    (status = 200, body = Vec<Member>),
    (status = 403, description = "in my own words")
))]
async fn members(State(_): State<Auth<User>>) -> Json<Vec<Member>> {
    Json(vec![Member { name: "Ada".to_owned() }])
}

#[require_role("admin")]
#[utoipa::path(delete, path = "/members")]
async fn forbidding() {}

/// Health
///
/// Answers while the server runs.
#[public(reason = "health probe")]
#[utoipa::path(get, path = "/health")]
async fn health() {}

#[utoipa::path(get, path = "/greeting", security(("wrong" = [])))]
async fn greeting(user: Option<User>) -> String {
    user.map_or_else(String::new, |user| user.id)
}

typed_refresh_handler!(refresh, Auth<User>);

typed_refresh_handler!(
    /// A new access token
    ///
    /// Once for each refresh token.
    renew,
    Auth<User>,
    path = "/auth/renew",
    tag = "auth"
);

fn auth() -> Auth<User> {
    auth_with(|builder| builder)
}

fn auth_with(configure: impl FnOnce(AuthBuilder<User>) -> AuthBuilder<User>) -> Auth<User> {
    let builder = Auth::builder()
        .access_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .refresh_key(Key::generate_secret(Algorithm::Hs256).unwrap())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .store(MemoryStore::default())
        .claims_source(|_: String| async { Ok::<Option<User>, crate::BoxError>(None) });
    configure(builder).build().unwrap()
}

fn router() -> AuthRouter {
    AuthRouter::new()
        .routes(routes!(me, members, health, forbidding))
        .routes(routes!(greeting))
        .routes(routes!(refresh, renew))
        .with_state(auth())
}

fn document() -> Value {
    serde_json::to_value(router().openapi()).unwrap()
}

/// The value at a JSON pointer; a slash in a key is `~1`.
fn at(document: &Value, pointer: impl Display) -> Value {
    document.pointer(&pointer.to_string()).cloned().unwrap_or(Value::Null)
}

#[test]
fn the_document_is_openapi_3_1_with_a_bearer_scheme() {
    let document = document();
    assert!(at(&document, "/openapi").as_str().unwrap().starts_with("3.1."));
    let scheme = at(&document, "/components/securitySchemes/bearer");
    assert_eq!(
        (&scheme["type"], &scheme["scheme"], &scheme["bearerFormat"]),
        (&json!("http"), &json!("bearer"), &json!("JWT"))
    );
    assert_eq!(document["components"]["securitySchemes"].as_object().unwrap().len(), 1);
}

#[test]
fn roles_are_alternatives_in_security() {
    let security = at(&document(), "/paths/~1members/get/security");
    assert_eq!(security, json!([{"bearer": ["admin"]}, {"bearer": ["member"]}]));
}

#[test]
fn an_authenticated_operation_demands_a_token_and_no_role() {
    let document = document();
    assert_eq!(at(&document, "/paths/~1me/get/security"), json!([{"bearer": []}]));
    assert_eq!(at(&document, "/paths/~1me/get/responses/403"), Value::Null);
}

#[test]
fn a_public_operation_has_empty_security_and_its_reason_once() {
    let document = document();
    let health = at(&document, "/paths/~1health/get");
    assert_eq!(health["security"], json!([]));
    assert_eq!(health["summary"], "Health");
    assert_eq!(health["description"], "Answers while the server runs.\n\nPublic: health probe");
    assert_eq!(health["responses"], json!({}));
}

#[test]
fn an_optional_operation_may_be_called_without_credentials_whatever_was_written_by_hand() {
    let document = document();
    assert_eq!(at(&document, "/paths/~1greeting/get/security"), json!([{}, {"bearer": []}]));
    assert_ne!(at(&document, "/paths/~1greeting/get/responses/401"), Value::Null);
}

#[test]
fn refusals_have_the_problem_schema_and_the_challenge_header() {
    let document = document();
    let refusal = at(&document, "/paths/~1greeting/get/responses/401");
    assert_eq!(
        refusal["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/ProblemDetails"
    );
    assert_eq!(refusal["headers"]["WWW-Authenticate"]["schema"]["type"], "string");
    assert_eq!(at(&document, "/components/schemas/ProblemDetails/properties/code/type"), "string");
}

#[test]
fn a_refusal_that_the_user_describes_stays_beside_the_one_of_the_guard() {
    let document = document();
    assert_eq!(
        at(&document, "/paths/~1members/get/responses/403/description"),
        "in my own words\n\nThe signed-in user may not: requires role `admin` or role `member`"
    );
    assert_ne!(at(&document, "/paths/~1members/get/responses/401"), Value::Null);
}

#[test]
fn schemas_are_collected_from_handlers() {
    let document = document();
    for schema in ["Member", "ProblemDetails", "RefreshRequest", "TokenPair"] {
        assert!(at(&document, format!("/components/schemas/{schema}")).is_object(), "{schema}");
    }
}

/// Every reference in the document leads to something in it.
#[test]
fn no_reference_dangles() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 3);
    for reference in found {
        assert!(!at(&document, reference.trim_start_matches('#')).is_null(), "{reference}");
    }
}

#[test]
fn the_refresh_operation_lists_each_answer_once() {
    let document = document();
    let refresh = at(&document, "/paths/~1refresh/post");
    let statuses: Vec<_> = refresh["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "415", "503"]);
    assert_eq!(refresh["operationId"], "refresh");
    assert_eq!(refresh["summary"], "Exchanges a refresh token for the next pair of tokens");
    assert_eq!(refresh["security"], json!([]));
    assert_eq!(
        refresh["requestBody"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/RefreshRequest"
    );
    assert_eq!(
        refresh["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/TokenPair"
    );
}

#[test]
fn the_refresh_operation_takes_path_tag_and_words_from_the_user() {
    let renew = at(&document(), "/paths/~1auth~1renew/post");
    assert_eq!(renew["tags"], json!(["auth"]));
    assert_eq!(renew["summary"], "A new access token");
    let description = renew["description"].as_str().unwrap();
    assert!(description.starts_with("Once for each refresh token.\n\nPublic: "), "{description}");
}

/// `#[openapi(paths(...))]` and utoipa-axum read these without a router of ours.
#[test]
fn the_attribute_alone_completes_the_operation() {
    use utoipa::Path as _;

    let me = serde_json::to_value(__path_me::operation()).unwrap();
    assert_eq!(me["security"], json!([{"bearer": []}]));
    assert_eq!(
        me["responses"]["401"]["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/countersign.ProblemDetails"
    );
    let members = serde_json::to_value(__path_members::operation()).unwrap();
    assert_eq!(members["security"], json!([{"bearer": ["admin"]}, {"bearer": ["member"]}]));
    assert_eq!(members["responses"]["403"]["description"], "in my own words");
    let health = serde_json::to_value(__path_health::operation()).unwrap();
    assert_eq!(health["security"], json!([]));
    assert_eq!(health["description"], "Answers while the server runs.\n\nPublic: health probe");
}

#[test]
fn a_document_of_the_user_keeps_its_title_and_gets_the_scheme() {
    let mine = OpenApiBuilder::new().info(Info::new("Mine", "3.0.0")).build();
    let document = serde_json::to_value(AuthRouter::<()>::with_openapi(mine).into_openapi()).unwrap();
    assert_eq!(document["info"]["title"], "Mine");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

/// A document whose author wrote operations for these paths, and a scheme of the name `bearer`, by hand.
fn handmade(paths: &[&str]) -> OpenApi {
    let operation = |id: &str| OperationBuilder::new().operation_id(Some(id)).build();
    let mut document = OpenApiBuilder::new().info(Info::new("Mine", "3.0.0")).build();
    for path in paths {
        let mut item = PathItem::new(HttpMethod::Get, operation("handmade"));
        item.post = Some(operation("handmade"));
        item.summary = Some("kept".to_owned());
        document.paths.paths.insert((*path).to_owned(), item);
    }
    let foreign = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
    document.components.get_or_insert_default().add_security_scheme("bearer", foreign);
    document
}

/// The operation that was computed, and beside it the one for which there is no handler.
#[track_caller]
fn assert_computed(document: &Value, path: &str) {
    let item = &document["paths"][path];
    assert_eq!(item["get"]["operationId"], "greeting");
    assert_eq!(item["get"]["security"], json!([{}, {"countersignBearer": []}]));
    assert!(item["get"]["responses"]["401"].is_object());
    // Two of the document's own operations have this name, so the second gets another.
    assert!(item["post"]["operationId"].as_str().unwrap().contains("handmade"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "basic");
    assert_eq!(document["components"]["securitySchemes"]["countersignBearer"]["scheme"], "bearer");
}

#[test]
fn an_operation_of_a_handler_replaces_what_the_document_said_about_it() {
    let router = AuthRouter::with_openapi(handmade(&["/greeting"])).routes(routes!(greeting));
    let document = serde_json::to_value(router.with_state::<()>(auth()).into_openapi()).unwrap();
    assert_computed(&document, "/greeting");
    assert_eq!(at(&document, "/paths/~1greeting/summary"), "kept");
}

/// As `#[openapi(paths(greeting))]` reads it: without an attribute it says nothing about the 401.
#[test]
fn an_operation_that_utoipa_collected_is_replaced_too() {
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(greeting))]
    struct Doc;

    let mine = <Doc as utoipa::OpenApi>::openapi();
    let collected = serde_json::to_value(&mine).unwrap();
    assert_eq!(at(&collected, "/paths/~1greeting/get/security"), json!([{"wrong": []}]));
    let router = AuthRouter::with_openapi(mine).routes(routes!(greeting));
    let document = serde_json::to_value(router.with_state::<()>(auth()).into_openapi()).unwrap();
    assert_eq!(at(&document, "/paths/~1greeting/get/security"), json!([{}, {"bearer": []}]));
    assert!(at(&document, "/paths/~1greeting/get/responses/401").is_object());
}

#[test]
fn operations_of_handlers_win_through_nesting_and_merging_on_either_side() {
    let api = || AuthRouter::new().routes(routes!(greeting));
    let paths = ["/greeting", "/api/greeting"];
    let documents = || AuthRouter::with_openapi(handmade(&paths));
    let copied = api();
    for (router, path) in [
        (documents().merge(api()), "/greeting"),
        (api().merge(documents()), "/greeting"),
        (documents().nest("/api", api()), "/api/greeting"),
        (AuthRouter::new().nest("/api", api()).merge(documents()), "/api/greeting"),
        (AuthRouter::new().nest("/api", api()).nest("/api", documents()), "/api/greeting"),
        (documents().merge(copied.clone()), "/greeting"),
        (documents().merge(copied.with_state::<Auth<User>>(auth())), "/greeting"),
    ] {
        let document = serde_json::to_value(router.with_state::<()>(auth()).into_openapi()).unwrap();
        assert_computed(&document, path);
    }
}

#[test]
fn nested_and_merged_routers_keep_every_operation() {
    let nested =
        AuthRouter::new().routes(routes!(me)).nest("/admin", AuthRouter::new().routes(routes!(members)));
    let merged = nested.merge(AuthRouter::new().routes(routes!(health)));
    let document = serde_json::to_value(merged.with_state::<()>(auth()).into_openapi()).unwrap();
    // utoipa's feature `preserve_path_order` decides about their order.
    let paths: std::collections::BTreeSet<_> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.into_iter().eq(["/admin/members", "/health", "/me"]));
    assert_eq!(at(&document, "/components/schemas/Member/type"), "object");
}

#[test]
fn paths_nest_as_axum_nests_them() {
    for (prefix, path, expected) in [
        ("/api", "/me", "/api/me"),
        ("/api", "/", "/api"),
        ("/api/", "/me", "/api/me"),
        ("/api/", "/", "/api/"),
        ("/api", "//me", "/api//me"),
        ("/api", "//", "/api//"),
        ("/api/", "//me", "/api/me"),
    ] {
        assert_eq!(nested(prefix, path), expected);
    }
}
