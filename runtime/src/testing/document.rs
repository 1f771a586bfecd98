//! Compares the document with the matrix.

use std::fmt;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::OperationBuilder;

use crate::matrix::{AccessMatrix, AccessRow};
use crate::openapi::parameters::template;
use crate::openapi::{EXTENSION, declare};

/// Fails when a document and the matrix of its router differ: an operation is in one of them alone, or its `security`, its extension
/// `x-access`, its line about access or its refusals are not those that follow from the access.
///
/// A document that [`AuthRouter`](crate::AuthRouter) hands out matches. This function is for a document that was read back, merged from
/// several, or changed on its way.
///
/// ```
/// use countersign::testing::assert_document_matches;
/// use countersign::{AuthRouter, public, routes};
///
/// #[public(reason = "health probe")]
/// #[utoipa::path(get, path = "/health")]
/// async fn health() {}
///
/// let router = AuthRouter::<()>::new().routes(routes!(health));
/// assert_document_matches(&router.access_matrix(), router.openapi());
/// ```
///
/// # Panics
///
/// When they differ, with a line for each difference.
#[track_caller]
pub fn assert_document_matches(matrix: &AccessMatrix, openapi: &OpenApi) {
    let differences = differences(matrix, openapi);
    assert!(
        differences.is_empty(),
        "the document does not say what the matrix says:\n{}",
        differences.join("\n")
    );
}

/// The fields of a path item that are operations (OpenAPI 3.1.0 section 4.8.9).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A sentence for each difference.
fn differences(matrix: &AccessMatrix, openapi: &OpenApi) -> Vec<String> {
    let document = serde_json::to_value(openapi).unwrap_or_default();
    let documented = || matrix.rows().iter().filter(|row| row.is_documented());
    let mut found = Vec::new();
    for row in documented() {
        let mut differs =
            |what: fmt::Arguments<'_>| found.push(format!("{} {}: {what}", row.method(), row.path()));
        match operation(&document, row) {
            Some(operation) => compare(&document, operation, row, &mut differs),
            None => differs(format_args!("is not in the document")),
        }
    }
    for (path, item) in members(&document["paths"]) {
        for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
            let method = method.to_uppercase();
            if !documented().any(|row| template(row.path()) == *path && row.method() == method) {
                found.push(format!("{method} {path}: is in the document, but not in the matrix"));
            }
        }
    }
    found
}

fn operation<'a>(document: &'a Value, row: &AccessRow) -> Option<&'a Value> {
    document["paths"].get(&*template(row.path()))?.get(row.method().to_lowercase())
}

fn compare(document: &Value, found: &Value, row: &AccessRow, differs: &mut impl FnMut(fmt::Arguments<'_>)) {
    let mut declared = OperationBuilder::new().build();
    declare(&mut declared, &row.declaration.access, &row.declaration.roles);
    let expected = serde_json::to_value(&declared).unwrap_or_default();
    if found[EXTENSION] != expected[EXTENSION] {
        differs(format_args!("`{EXTENSION}` is {}, expected {}", found[EXTENSION], expected[EXTENSION]));
    }
    if !is_secured(document, &found["security"], &expected["security"]) {
        differs(format_args!("`security` is {}, expected {}", found["security"], expected["security"]));
    }
    let line = expected["description"].as_str().unwrap_or_default();
    let description = found["description"].as_str().unwrap_or_default();
    if !description.lines().any(|found| line.lines().last() == Some(found)) {
        differs(format_args!("the description lacks the line `{line}`"));
    }
    for (status, _) in members(&expected["responses"]) {
        if found["responses"].get(status).is_none() {
            differs(format_args!("the response {status} is missing"));
        }
    }
}

/// Whether the alternatives are the expected ones. Others are allowed only with a key instead of the bearer token: a cookie, a header, the query.
fn is_secured(document: &Value, found: &Value, expected: &Value) -> bool {
    let (Some(found), Some(expected)) = (found.as_array(), expected.as_array()) else { return false };
    let with_bearer = |requirement: &Value| {
        let names = requirement.as_object().into_iter().flat_map(Map::keys);
        requirement == &Value::Object(Map::new()) || names.into_iter().any(|name| is_bearer(document, name))
    };
    let is_instead =
        |other: &Value, expected: &Value| other == expected || is_instead(document, other, expected);
    expected.iter().all(|expected| found.iter().any(|it| with_bearer(it) && is_instead(it, expected)))
        && found.iter().all(|found| expected.iter().any(|expected| is_instead(found, expected)))
}

/// Whether it is the scheme of the `Authorization` header, under whatever name.
fn is_bearer(document: &Value, scheme: &str) -> bool {
    let scheme = &document["components"]["securitySchemes"][scheme];
    scheme["type"] == "http" && scheme["scheme"] == "bearer"
}

/// Whether `found` is `expected` with other schemes: as many, for the same roles and scopes.
fn is_instead(document: &Value, found: &Value, expected: &Value) -> bool {
    let (Some(found), Some(expected)) = (found.as_object(), expected.as_object()) else { return false };
    let is_key = |scheme: &str| document["components"]["securitySchemes"][scheme]["type"] == "apiKey";
    let names = |requirement: &Map<String, Value>| {
        let mut names: Vec<_> = requirement.values().map(Value::to_string).collect();
        names.sort();
        names
    };
    !expected.is_empty()
        && found.keys().all(|scheme| is_bearer(document, scheme) || is_key(scheme))
        && names(found) == names(expected)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
