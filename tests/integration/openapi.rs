//! The document and the server follow from the same lines.

use expect_test::expect_file;
use serde_json::{Value, json};

use crate::support::App;

fn document() -> Value {
    serde_json::to_value(App::new().api).unwrap()
}

/// The whole document; `UPDATE_EXPECT=1` accepts a new one.
#[test]
fn document_is_the_committed_one() {
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    expect_file!["golden/openapi.json"].assert_eq(&text);
}

/// Rows 140 and 143.
#[test]
fn guarded_operations_name_their_roles_and_refusals() {
    let document = document();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let admin = &document["paths"]["/admin"]["get"];
    assert_eq!(admin["security"], json!([{ "bearer": ["admin"] }]));
    let post = &document["paths"]["/posts"]["post"];
    assert_eq!(
        post["security"],
        json!([{ "bearer": ["editor"] }, { "bearer": ["admin"] }, { "bearer": ["support"] }])
    );
    assert_eq!(document["paths"]["/me"]["get"]["security"], json!([{ "bearer": [] }]));
    for operation in [admin, post] {
        for status in ["401", "403"] {
            let schema = &operation["responses"][status]["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/ProblemDetails", "{status}");
        }
    }
    assert!(document["components"]["schemas"]["ProblemDetails"].is_object());
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

/// Row 141.
#[test]
fn public_operations_say_so_and_why() {
    let health = &document()["paths"]["/health"]["get"];
    assert_eq!(health["security"], json!([]));
    assert!(health["description"].as_str().unwrap().contains("health probe"));
    assert!(health["responses"].get("401").is_none());
}

/// Row 142.
#[test]
fn optional_operations_offer_both() {
    let greeting = &document()["paths"]["/greeting"]["get"];
    assert_eq!(greeting["security"], json!([{}, { "bearer": [] }]));
    assert!(greeting["responses"].get("401").is_some());
}

/// Each response once, with the schema of the body that is sent.
#[test]
fn refresh_operation_lists_every_response_once() {
    let document = document();
    let refresh = &document["paths"]["/refresh"]["post"];
    let statuses: Vec<&String> = refresh["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "415", "503"]);
    let schema = &refresh["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/TokenPair");
    for name in ["TokenPair", "TokenType", "RefreshRequest"] {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

/// Row 147: every `$ref` of the document resolves, and nothing in it looks like a token.
#[test]
fn references_resolve_and_no_token_is_shown() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| match (name.as_str(), value) {
                ("$ref", Value::String(target)) => found.push(target),
                _ => references(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    assert!(!document.to_string().contains("eyJ"));
}
