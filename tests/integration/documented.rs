//! Every refusal that a test provokes is in the document of the operation that gave it.

use axum::http::{Method, StatusCode, header};
use serde_json::Value;
use utoipa::openapi::OpenApi;

use super::Answer;

/// A refusal that no document lists: its status and code, where it may be given, and why.
type Exception = (StatusCode, &'static str, fn(&Method, &str, &Value) -> bool, &'static str);

const EXCEPTIONS: [Exception; 4] = [
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        |_, _, _| true,
        "a mistake of the program, such as cookies that are not configured",
    ),
    (
        StatusCode::FORBIDDEN,
        "cross_site_request",
        |method, _, _| method.is_safe(),
        "a handshake of a WebSocket, at an operation that is none",
    ),
    (
        StatusCode::UNAUTHORIZED,
        "missing_credentials",
        |_, _, operation| operation["security"] == serde_json::json!([]),
        "the answer of a layer around the router, which is no access of the operation",
    ),
    (
        StatusCode::NOT_FOUND,
        "not_found",
        |_, template, _| template == "/unfit",
        "an argument of a check refuses with the status that the test wants",
    ),
];

/// Fails when an answer is a refusal of this crate, and the document of its operation does not list its status with its media type.
///
/// Answers of the test's own handlers, and of routes without a document, are not looked at.
#[track_caller]
pub(crate) fn assert_documented(api: &OpenApi, method: &Method, path: &str, answer: &Answer) {
    let is_refusal = answer.status.is_client_error() || answer.status.is_server_error();
    let media_type = match answer.header(header::CONTENT_TYPE) {
        Some(problem @ "application/problem+json") => problem,
        Some(json @ "application/json") if is_refusal && answer.json()["error"].is_string() => json,
        _ => return,
    };
    if !is_refusal {
        return;
    }
    let document = serde_json::to_value(api).unwrap();
    let Some((template, operation)) = operation(&document, method, path) else { return };
    let (status, code) = (answer.status, answer.text("code"));
    let is_exception = |(excepted, of, at, _): &Exception| {
        (*excepted, *of) == (status, code.as_str()) && at(method, template, operation)
    };
    if EXCEPTIONS.iter().any(is_exception) {
        return;
    }
    let response = &operation["responses"][status.as_str()];
    let promised = response["headers"].get("Retry-After").is_some();
    assert!(
        promised || !answer.headers.contains_key(header::RETRY_AFTER),
        "{method} {template} answers with Retry-After"
    );
    assert!(
        response["content"].get(media_type).is_some(),
        "{method} {template} answered {status} {code}, and its document says: {response}"
    );
}

/// The operation at an address, with its path in the document; one without parameters comes first.
fn operation<'a>(document: &'a Value, method: &Method, path: &str) -> Option<(&'a str, &'a Value)> {
    let method = method.as_str().to_lowercase();
    let paths = document["paths"].as_object()?.iter().filter(|(template, _)| is_at(template, path));
    let (template, item) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((template, item.get(&method)?))
}

fn is_at(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, given)| part == given || part.starts_with('{') && !given.is_empty())
}

#[test]
fn an_operation_is_found_by_its_address() {
    let document = serde_json::json!({ "paths": {
        "/posts/{id}": { "get": 1 }, "/posts/new": { "get": 2 }, "/{a}/{b}/c": { "put": 3 },
    } });
    let found =
        |method: Method, path| operation(&document, &method, path).map(|(_, operation)| operation.clone());
    assert_eq!(found(Method::GET, "/posts/7"), Some(1.into()));
    assert_eq!(found(Method::GET, "/posts/new"), Some(2.into()));
    assert_eq!(found(Method::PUT, "/x/y/c"), Some(3.into()));
    assert_eq!(found(Method::PUT, "/posts/7"), None);
    assert_eq!(found(Method::GET, "/posts/"), None);
}
