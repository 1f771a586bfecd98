//! The application in `lib.rs` compiles; here its routers are built too.

use ui_tests::{handlers, places, rules};
use utoipa::openapi::OpenApi;

fn paths(document: &OpenApi) -> Vec<&str> {
    document.paths.paths.keys().map(String::as_str).collect()
}

#[test]
fn every_handler_with_a_path_is_in_the_document() {
    assert_eq!(
        paths(handlers::router().openapi()),
        [
            "/account",
            "/auth/final",
            "/auth/refresh",
            "/everything",
            "/export",
            "/greeting",
            "/health",
            "/hello",
            "/items/{id}",
            "/me",
            "/payouts",
            "/type",
        ]
    );
}

#[test]
fn every_handler_with_a_rule_is_in_the_document() {
    assert_eq!(
        paths(rules::router().openapi()),
        ["/rules/every/{id}", "/rules/name", "/rules/roles", "/rules/scopes"]
    );
}

#[test]
fn handlers_in_modules_and_bodies_are_in_the_document() {
    assert_eq!(paths(&places::document()), ["/admin", "/count", "/private", "/refresh", "/show"]);
}
