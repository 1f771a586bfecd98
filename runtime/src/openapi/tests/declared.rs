//! What an access writes into an operation: requirements, refusals, the extension and the line.

use std::time::Duration;

use serde_json::{Value, json};
use utoipa::ToSchema as _;
use utoipa::openapi::path::{Operation, OperationBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Content, ContentBuilder, Ref};

use super::{__path_health, __path_members};
use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::openapi::declare;
use crate::openapi::refusals::{refusal, refusal_words};
use crate::openapi::requirements::MOST_ALTERNATIVES;
use crate::rejection::ProblemDetails;

/// An editor implies a member, an administrator both, and the private role root everything.
const ROLES: RoleTable = RoleTable {
    names: Some(&["member", "editor", "admin", "root"]),
    implies: &[
        ("editor", &["member"]),
        ("admin", &["editor", "member"]),
        ("root", &["admin", "editor", "member"]),
    ],
    private: &["root"],
    ..RoleTable::NONE
};

const MEMBER: Rule = Rule::Role("member");
const EDITOR: Rule = Rule::Role("editor");
const ADMIN: Rule = Rule::Role("admin");
const ROOT: Rule = Rule::Role("root");
const WRITE: Rule = Rule::Scope("posts:write");
const OWNS: Rule = Rule::Check { name: "owns_post", not_found: true };
const OPEN: Rule = Rule::Check { name: "is_open", not_found: false };
const FRESH: Rule = Rule::Fresh(Duration::from_secs(600));

fn declared(access: Access) -> Value {
    let mut operation = OperationBuilder::new().build();
    declare(&mut operation, &access, &ROLES);
    serde_json::to_value(operation).unwrap()
}

fn security(rule: Rule) -> Value {
    declared(Access::Require(rule))["security"].clone()
}

/// Row 140.
#[test]
fn every_role_that_suffices_through_the_hierarchy_is_an_alternative() {
    assert_eq!(security(ADMIN), json!([{"bearer": ["admin"]}]));
    assert_eq!(security(EDITOR), json!([{"bearer": ["editor"]}, {"bearer": ["admin"]}]));
    assert_eq!(
        security(Rule::All(&[EDITOR, WRITE])),
        json!([{"bearer": ["editor", "posts:write"]}, {"bearer": ["admin", "posts:write"]}])
    );
    assert_eq!(
        security(Rule::Any(&[MEMBER, EDITOR])),
        json!([{"bearer": ["member"]}, {"bearer": ["editor"]}, {"bearer": ["admin"]}])
    );
}

#[test]
fn a_role_that_another_one_of_the_alternative_implies_is_not_named() {
    assert_eq!(
        security(Rule::All(&[EDITOR, MEMBER])),
        json!([{"bearer": ["editor"]}, {"bearer": ["admin"]}])
    );
    assert_eq!(security(Rule::All(&[MEMBER, ADMIN])), json!([{"bearer": ["admin"]}]));
    // A scope of the same name is something else.
    assert_eq!(
        security(Rule::All(&[Rule::Scope("member"), ADMIN])),
        json!([{"bearer": ["member", "admin"]}])
    );
}

/// Row 147.
#[test]
fn a_private_role_is_nowhere() {
    for rule in [
        ROOT,
        MEMBER,
        Rule::Any(&[ROOT, ADMIN]),
        Rule::All(&[ROOT, WRITE]),
        Rule::All(&[ADMIN, Rule::Not(&ROOT)]),
        Rule::Any(&[Rule::All(&[ROOT, MEMBER]), Rule::All(&[])]),
    ] {
        let text = declared(Access::Require(rule)).to_string();
        assert!(!text.contains("root"), "{rule}: {text}");
    }
    assert_eq!(security(ROOT), json!([{"bearer": []}]));
    assert_eq!(security(Rule::All(&[ROOT, WRITE])), json!([{"bearer": []}]));
    // That the scope is enough, or that nothing is, would be wrong; so nothing is said of the other alternative.
    assert_eq!(security(Rule::Any(&[Rule::All(&[ROOT, WRITE]), ADMIN])), json!([{"bearer": ["admin"]}]));
    let operation = declared(Access::Require(Rule::Any(&[ROOT, ADMIN])));
    assert_eq!(operation["description"], "Access: an internal role or role `admin`");
    assert_eq!(operation["x-access"]["roles"], json!({"admin": ["admin"]}));
    assert_eq!(
        operation["responses"]["403"]["description"],
        "The signed-in user may not: requires an internal role or role `admin`"
    );
}

#[test]
fn too_many_alternatives_are_said_without_the_hierarchy_and_then_not_at_all() {
    let implied: &'static [&'static str] = &["member"];
    let names: Vec<&'static str> = (0..MOST_ALTERNATIVES).map(|n| &*format!("r{n}").leak()).collect();
    let implies: Vec<_> = names.iter().map(|name| (*name, implied)).collect();
    let roles = RoleTable { names: None, implies: implies.leak(), private: &[], ..RoleTable::NONE };
    let security = |rule| {
        let mut operation = OperationBuilder::new().build();
        declare(&mut operation, &Access::Require(rule), &roles);
        serde_json::to_value(&operation).unwrap()["security"].clone()
    };
    assert_eq!(security(MEMBER), json!([{"bearer": ["member"]}]));
    assert_eq!(security(Rule::All(&[MEMBER, WRITE])), json!([{"bearer": ["member", "posts:write"]}]));
    let flat: Vec<_> = names.iter().map(|name| Rule::Role(name)).chain([MEMBER]).collect();
    assert_eq!(security(Rule::Any(flat.leak())), json!([{"bearer": []}]));
}

/// Row 140: what the guard can answer, and nothing else.
#[test]
fn an_access_is_answered_with_the_refusals_of_its_guard() {
    for (access, expected) in [
        (Access::Public { reason: "probe" }, &[][..]),
        (Access::Optional, &["400", "401"]),
        (Access::Authenticated, &["400", "401"]),
        (Access::Require(ADMIN), &["400", "401", "403"]),
        (Access::Require(WRITE), &["400", "401", "403"]),
        (Access::Require(Rule::NotImpersonated), &["400", "401", "403"]),
        (Access::Require(Rule::Not(&MEMBER)), &["400", "401", "403"]),
        (Access::Require(Rule::Issuer("acme")), &["400", "401", "403"]),
        (Access::Require(Rule::Machine), &["400", "401", "403"]),
        (Access::Require(FRESH), &["400", "401"]),
        (Access::Require(Rule::Live), &["400", "401", "503"]),
        (Access::Require(Rule::BothTokens), &["400", "401", "503"]),
        (Access::Require(OPEN), &["400", "401", "403", "503"]),
        (Access::Require(OWNS), &["400", "401", "404", "503"]),
        (Access::Require(Rule::All(&[ADMIN, OWNS])), &["400", "401", "403", "404", "503"]),
        (Access::Require(Rule::Any(&[])), &["400", "401", "403"]),
    ] {
        let operation = declared(access);
        let answers: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
        assert_eq!(answers, expected, "{access}");
        for status in expected {
            let refusal = &operation["responses"][status];
            let schema = &refusal["content"]["application/problem+json"]["schema"];
            assert_eq!(
                schema["$ref"], "#/components/schemas/countersign.ProblemDetails",
                "{access}: {status}"
            );
            let challenged = refusal["headers"]["WWW-Authenticate"].is_object();
            let alone = [Access::Require(Rule::NotImpersonated), Access::Require(OPEN)].contains(&access);
            let expected = matches!(*status, "400" | "401") || *status == "403" && !alone;
            assert_eq!(challenged, expected, "{access}: {status}");
        }
    }
}

/// Row 60.
#[test]
fn a_stale_sign_in_is_a_401_and_says_so() {
    let said = |rule| declared(Access::Require(rule))["responses"]["401"]["description"].to_string();
    assert!(said(FRESH).contains("signed in too long ago"), "{}", said(FRESH));
    assert!(said(Rule::All(&[Rule::Live, FRESH])).contains("its session has ended, or the user signed in"));
    assert!(!said(ADMIN).contains("long ago"));
}

#[test]
fn the_extension_says_what_the_rule_asks_for_and_leaves_out_the_rest() {
    let extension = |access| declared(access)["x-access"].clone();
    assert_eq!(
        extension(Access::Public { reason: "health probe" }),
        json!({"kind": "public", "rule": "public: health probe", "reason": "health probe"})
    );
    assert_eq!(extension(Access::Optional), json!({"kind": "optional", "rule": "anyone, signed in or not"}));
    assert_eq!(
        extension(Access::Authenticated),
        json!({"kind": "authenticated", "rule": "any signed-in user"})
    );
    const HOUR: Rule = Rule::Fresh(Duration::from_secs(3600));
    let rule = Rule::All(&[
        Rule::Any(&[EDITOR, Rule::All(&[WRITE, HOUR])]),
        FRESH,
        Rule::NotImpersonated,
        Rule::BothTokens,
        Rule::Not(&ADMIN),
        OWNS,
        OPEN,
        OWNS,
        Rule::Any(&[Rule::Issuer("own"), Rule::Not(&Rule::Issuer("other")), Rule::Machine]),
    ]);
    assert_eq!(
        extension(Access::Require(rule)),
        json!({
            "kind": "require",
            "rule": "(role `editor` or (scope `posts:write` and a sign-in at most 1h old)) and a sign-in at most 10m old and no \
                     impersonation and the access token and the refresh token of one session and not role `admin` and check \
                     `owns_post` and check `is_open` and check `owns_post` and (a token from this server or not a token from `other` or a \
                     token of a machine)",
            "roles": {"editor": ["editor", "admin"]},
            "scopes": ["posts:write"],
            "max_age": 600,
            "live": true,
            "both_tokens": true,
            "deny_impersonated": true,
            "issuers": ["own"],
            "machine": true,
            "checks": ["owns_post", "is_open"],
        })
    );
    assert_eq!(extension(Access::Require(Rule::Live))["live"], true);
}

#[test]
fn the_line_comes_after_the_users_words() {
    let mut operation = OperationBuilder::new().description(Some("Mine.\n\nAnd mine.")).build();
    declare(&mut operation, &Access::Authenticated, &ROLES);
    assert_eq!(operation.description.as_deref(), Some("Mine.\n\nAnd mine.\n\nAccess: any signed-in user"));
}

/// As an attribute leaves it, with a response of the user's own.
fn written(mut operation: Operation) -> Operation {
    let mine = ResponseBuilder::new().description("The signed-in user lacks the role").build();
    operation.responses.responses.insert("404".to_owned(), mine.into());
    operation
}

fn all_accesses() -> [Access; 7] {
    [
        Access::Public { reason: "health probe" },
        Access::Public { reason: "Access: any signed-in user" },
        Access::Optional,
        Access::Authenticated,
        Access::Require(EDITOR),
        Access::Require(Rule::All(&[OWNS, FRESH])),
        Access::Require(Rule::All(&[ROOT, OPEN, Rule::Live])),
    ]
}

#[test]
fn another_access_takes_the_place_of_the_first_and_the_same_one_changes_nothing() {
    use utoipa::Path as _;

    // The responses that an attribute wrote are replaced as well, but for the reason of a public operation.
    for operation in [OperationBuilder::new().build(), __path_members::operation()].map(written) {
        for first in all_accesses() {
            for second in all_accesses() {
                let mut once = operation.clone();
                declare(&mut once, &second, &ROLES);
                let mut twice = operation.clone();
                for access in [first, first, second] {
                    declare(&mut twice, &access, &ROLES);
                }
                let [once, twice] = [once, twice].map(|operation| serde_json::to_value(operation).unwrap());
                let said = |operation: &Value| {
                    let responses = operation["responses"].as_object().unwrap().clone();
                    Vec::from_iter(
                        responses.into_iter().map(|(status, it)| (status, it["description"].clone())),
                    )
                };
                assert_eq!(said(&once), said(&twice), "{first} and then {second}");
                for member in ["security", "description", "x-access"] {
                    assert_eq!(once[member], twice[member], "{first} and then {second}");
                }
                let mine = once["responses"]["404"]["description"].as_str().unwrap();
                assert!(mine.starts_with("The signed-in user lacks the role"), "{mine}");
            }
        }
    }
}

#[test]
fn a_refusal_of_an_attribute_becomes_the_one_of_the_router() {
    use utoipa::Path as _;

    let mut operation = super::__path_forbidding::operation();
    declare(&mut operation, &Access::Require(ADMIN), &ROLES);
    let operation = serde_json::to_value(operation).unwrap();
    assert_eq!(
        operation["responses"]["403"]["description"],
        "The signed-in user may not: requires role `admin`"
    );
    let mut health = __path_health::operation();
    declare(&mut health, &Access::Public { reason: "health probe" }, &ROLES);
    assert_eq!(health.description.as_deref(), Some("Answers while the server runs.\n\nPublic: health probe"));
}

/// The application describes a status that the guard also gives: both are shown, by their media types, and the same one only once.
#[test]
fn what_the_application_says_about_a_status_stays_beside_the_guard() {
    let schema = |name: &str| Ref::from_schema_name(name);
    let content = |name: &str| ContentBuilder::new().schema(Some(schema(name))).build();
    let given = |media_type: &str, content: Option<Content>| {
        let mut response = ResponseBuilder::new().description("Wrong password");
        if let Some(content) = content {
            response = response.content(media_type, content);
        }
        OperationBuilder::new().response("401", response.build()).build()
    };
    let problem = ProblemDetails::name();
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let ours = json!({ "application/problem+json": { "schema": reference(&problem) } });
    for (operation, shown) in [
        (given("", None), ours.clone()),
        (given("application/problem+json", Some(content(&problem))), ours),
        (
            given("application/json", Some(content("Mine"))),
            json!({
                "application/json": { "schema": reference("Mine") },
                "application/problem+json": { "schema": reference(&problem) },
            }),
        ),
        (
            given("application/problem+json", Some(content("Mine"))),
            json!({ "application/problem+json": { "schema": { "oneOf": [reference("Mine"), reference(&problem)] } } }),
        ),
    ] {
        let mut operation = operation;
        for access in [Access::Authenticated, Access::Authenticated, Access::Require(Rule::Live)] {
            declare(&mut operation, &access, &ROLES);
            let refusal = serde_json::to_value(&operation).unwrap()["responses"]["401"].clone();
            let said = refusal_words::unauthorized(&access);
            assert_eq!(refusal["description"], format!("Wrong password\n\n{said}"));
            assert_eq!(refusal["content"], shown);
            assert!(refusal["headers"]["WWW-Authenticate"].is_object());
        }
    }
}

/// A refusal with the same words and a body of the user's is the user's, and gets the guard's body.
#[test]
fn a_refusal_with_another_body_is_not_taken_for_ours() {
    let mine = ResponseBuilder::new().description("No valid access token");
    let mine = mine.content("text/plain", ContentBuilder::new().build()).build();
    let mut operation = OperationBuilder::new().response("401", mine).build();
    declare(&mut operation, &Access::Authenticated, &ROLES);
    let refusal = serde_json::to_value(&operation).unwrap()["responses"]["401"].clone();
    assert_eq!(refusal["description"], "No valid access token");
    assert_eq!(refusal["content"].as_object().unwrap().len(), 2);
}

/// Of what an attribute wrote nothing is left beside the words of another access.
#[test]
fn the_refusals_that_an_attribute_wrote_are_replaced() {
    for attribute in all_accesses() {
        let said = [
            ("400", refusal_words::malformed(&attribute).to_owned()),
            ("401", refusal_words::unauthorized(&attribute)),
            ("403", refusal_words::forbidden(&attribute)),
            ("503", refusal_words::unavailable(&attribute).to_owned()),
        ];
        let operation = said.iter().fold(OperationBuilder::new(), |operation, (status, words)| {
            operation.response(*status, refusal(words))
        });
        let operation = operation.build();
        for access in all_accesses() {
            let mut operation = operation.clone();
            let mut bare = OperationBuilder::new().build();
            declare(&mut operation, &access, &ROLES);
            declare(&mut bare, &access, &ROLES);
            let [operation, bare] = [operation, bare].map(|it| serde_json::to_value(it).unwrap());
            assert_eq!(operation, bare, "{attribute} and then {access}");
        }
    }
}

#[test]
fn an_attribute_says_what_a_refused_user_lacks() {
    for (rule, said) in [
        (ADMIN, "The signed-in user lacks the role"),
        (Rule::Any(&[ADMIN, Rule::Role("support")]), "The signed-in user lacks the role"),
        (Rule::All(&[ADMIN, FRESH]), "The signed-in user lacks the role"),
        (WRITE, "The signed-in user lacks the scope"),
        (Rule::Any(&[ADMIN, WRITE]), "The signed-in user does not satisfy the rule"),
        (Rule::All(&[ADMIN, OWNS]), "The signed-in user does not satisfy the rule"),
        (Rule::Machine, "The signed-in user does not satisfy the rule"),
        (Rule::All(&[WRITE, Rule::Issuer("acme")]), "The signed-in user does not satisfy the rule"),
        (Rule::All(&[ADMIN, Rule::NotImpersonated]), "The signed-in user lacks the role, or is impersonated"),
        (Rule::All(&[Rule::Live, Rule::NotImpersonated]), "The signed-in user is impersonated"),
    ] {
        assert_eq!(refusal_words::forbidden(&Access::Require(rule)), said, "{rule}");
    }
}
