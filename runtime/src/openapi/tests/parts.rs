//! The functions that a document is made with, one by one.

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder};
use utoipa::openapi::{ObjectBuilder, PathItem, RefOr, Schema};

use crate::access::{Access, Rule};
use crate::claims::role::RoleTable;
use crate::openapi::requirements::MOST_ALTERNATIVES;
use crate::openapi::{add_schemas, declare, empty, operations, remove};

fn security(rule: Rule) -> Value {
    let mut operation = OperationBuilder::new().build();
    declare(&mut operation, &Access::Require(rule), &RoleTable::NONE);
    serde_json::to_value(&operation).unwrap()["security"].clone()
}

#[test]
fn all_is_one_requirement_and_any_is_several() {
    const ANY: Rule = Rule::Any(&[Rule::Role("a"), Rule::Role("b"), Rule::Role("a")]);
    assert_eq!(security(ANY), json!([{"bearer": ["a"]}, {"bearer": ["b"]}]));
    assert_eq!(
        security(Rule::All(&[ANY, Rule::Scope("c:d"), Rule::Role("a")])),
        json!([{"bearer": ["a", "c:d"]}, {"bearer": ["b", "c:d", "a"]}])
    );
}

#[test]
fn a_rule_that_no_caller_meets_is_never_documented_as_open() {
    for rule in [Rule::Any(&[]), Rule::All(&[]), Rule::All(&[Rule::Role("a"), Rule::Any(&[])])] {
        assert_eq!(security(rule), json!([{"bearer": []}]));
    }
    assert_eq!(security(Rule::Any(&[Rule::Role("a"), Rule::All(&[])])), json!([{"bearer": ["a"]}]));
}

#[test]
fn a_rule_with_too_many_alternatives_is_documented_as_signed_in() {
    const PAIR: Rule = Rule::Any(&[Rule::Role("a"), Rule::Role("b")]);
    const WIDE: Rule = Rule::Any(&[Rule::Role("c"), Rule::Role("d"), Rule::Role("e"), Rule::Role("f")]);
    const WIDER: Rule = Rule::Any(&[Rule::Scope("1"), Rule::Scope("2"), Rule::Scope("3"), Rule::Scope("4")]);
    const WIDEST: Rule = Rule::Any(&[Rule::Scope("5"), Rule::Scope("6"), Rule::Scope("7")]);
    assert_eq!(security(Rule::All(&[PAIR, WIDE, WIDER])).as_array().unwrap().len(), 32);
    assert_eq!(security(Rule::All(&[PAIR, WIDE, WIDER, WIDEST])), json!([{"bearer": []}]));
}

#[test]
fn a_flat_list_is_spelled_out_up_to_the_limit() {
    let any = |count: usize| {
        let rules: Vec<_> = (0..count).map(|number| Rule::Role(number.to_string().leak())).collect();
        security(Rule::Any(rules.leak()))
    };
    assert_eq!(any(MOST_ALTERNATIVES).as_array().unwrap().len(), MOST_ALTERNATIVES);
    assert_eq!(any(MOST_ALTERNATIVES + 1), json!([{"bearer": []}]));
}

#[test]
fn an_operation_is_found_and_removed_by_its_method() {
    let operation = OperationBuilder::new().build();
    let item = PathItem::from_http_methods(METHODS, operation);
    let found = |item: &PathItem| operations(item).map(|(method, _)| method).collect::<Vec<_>>();
    let all = found(&item);
    assert_eq!(all.len(), METHODS.len());
    for removed in &all {
        let mut document = empty();
        document.paths.paths.insert("/".to_owned(), item.clone());
        remove(&mut document, "/elsewhere", removed);
        remove(&mut document, "/", removed);
        let left = found(&document.paths.paths["/"]);
        assert_eq!(left, all.iter().filter(|method| *method != removed).cloned().collect::<Vec<_>>());
    }
}

const METHODS: [HttpMethod; 8] = [
    HttpMethod::Get,
    HttpMethod::Put,
    HttpMethod::Post,
    HttpMethod::Delete,
    HttpMethod::Options,
    HttpMethod::Head,
    HttpMethod::Patch,
    HttpMethod::Trace,
];

/// The first of a name stays, so that a document of the user's keeps its components.
#[test]
fn a_schema_of_the_user_stays() {
    let schema = |description: &str| {
        RefOr::T(Schema::from(ObjectBuilder::new().description(Some(description)).build()))
    };
    let mut document = empty();
    for description in ["mine", "other"] {
        add_schemas(&mut document, vec![("Member".to_owned(), schema(description))]);
    }
    let document = serde_json::to_value(&document).unwrap();
    assert_eq!(document["components"]["schemas"]["Member"]["description"], "mine");
}
