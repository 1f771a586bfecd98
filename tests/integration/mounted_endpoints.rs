//! The endpoints of `auth.routes()`: their paths, their documents, and their use of the store.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use countersign::session::{Partition, SessionId, SessionMetadata};
use countersign::{AuthRouter, Cookies, Endpoint, SessionRoutes};
use expect_test::expect_file;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::endpoints::{call, mounted};
use crate::support::{App, SECOND, User, request};

const OPERATIONS: [(&str, &str); 6] = [
    ("/auth/logout", "post"),
    ("/auth/logout-all", "post"),
    ("/auth/refresh", "post"),
    ("/auth/sessions", "delete"),
    ("/auth/sessions", "get"),
    ("/auth/sessions/{id}", "delete"),
];

fn document(router: AuthRouter) -> Value {
    serde_json::to_value(router.into_openapi()).unwrap()
}

fn documented(choose: impl FnOnce(SessionRoutes<User>) -> SessionRoutes<User>) -> Value {
    document(AuthRouter::new().routes(choose(App::new().auth.routes())))
}

/// Every operation, as method and path.
fn operations(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
    });
    operations.collect()
}

/// The whole document; `UPDATE_EXPECT=1` accepts a new one.
#[test]
fn the_document_of_the_endpoints_is_the_committed_one() {
    let document = documented(|endpoints| endpoints.nest("/auth").tag("auth"));
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    expect_file!["golden/endpoints.json"].assert_eq(&text);
}

/// Rows 140 and 141.
#[test]
fn every_answer_of_an_endpoint_is_documented() {
    let document = serde_json::to_value(mounted(|builder| builder).api).unwrap();
    assert_eq!(operations(&document), OPERATIONS.map(|(path, method)| format!("{method} {path}")));
    for (path, method, statuses) in [
        ("/auth/refresh", "post", &["200", "400", "415", "503"][..]),
        ("/auth/logout", "post", &["200", "204", "400", "415", "503"]),
        ("/auth/logout-all", "post", &["204", "400", "401", "403", "503"]),
        ("/auth/sessions", "get", &["200", "400", "401", "403", "503"]),
        ("/auth/sessions", "delete", &["204", "400", "401", "403", "503"]),
        ("/auth/sessions/{id}", "delete", &["204", "400", "401", "403", "404", "503"]),
    ] {
        let operation = &document["paths"][path][method];
        let responses = operation["responses"].as_object().unwrap();
        assert_eq!(responses.keys().collect::<Vec<_>>(), statuses, "{method} {path}");
        for (status, response) in responses {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            let is_problem = schema == "#/components/schemas/ProblemDetails";
            assert_eq!(is_problem, !status.starts_with('2'), "{method} {path} {status}");
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()));
        }
        let public = statuses.contains(&"415");
        let security = if public { json!([]) } else { json!([{ "bearer": [] }]) };
        assert_eq!(operation["security"], security, "{method} {path}");
    }
    for schema in ["LogoutRequest", "OAuthError", "RefreshRequest", "SessionInfo", "SessionList", "TokenPair"]
    {
        assert!(document["components"]["schemas"][schema].is_object(), "{schema}");
    }
    let id = &document["paths"]["/auth/sessions/{id}"]["delete"]["parameters"][0];
    assert_eq!((&id["name"], &id["in"], &id["required"]), (&json!("id"), &json!("path"), &json!(true)));
}

#[test]
fn the_handler_of_the_macro_is_documented_like_the_mounted_one() {
    let mounted = serde_json::to_value(mounted(|builder| builder).api).unwrap();
    let written = serde_json::to_value(App::new().api).unwrap();
    assert_eq!(mounted["paths"]["/auth/refresh"]["post"], written["paths"]["/refresh"]["post"]);
}

#[test]
fn endpoints_are_chosen_renamed_nested_and_tagged() {
    let document = documented(|endpoints| {
        endpoints
            .only([Endpoint::Refresh, Endpoint::Logout, Endpoint::RevokeSession])
            .without(Endpoint::Logout)
            .nest("/auth/")
            .path(Endpoint::Refresh, "/renew")
            .path(Endpoint::RevokeSession, "/devices/{id}/session")
            .path(Endpoint::Logout, "/bye")
            .nest("/api")
            .tag("sessions")
            .tag("auth")
    });
    assert_eq!(operations(&document), ["delete /api/auth/devices/{id}/session", "post /api/auth/renew"]);
    assert_eq!(document["paths"]["/api/auth/renew"]["post"]["tags"], json!(["sessions", "auth"]));
}

#[test]
fn an_operation_has_the_words_of_the_application() {
    let document = documented(|endpoints| {
        endpoints
            .tag("auth")
            .tag_one(Endpoint::Sessions, "account")
            .operation_id(Endpoint::Sessions, "list_devices")
            .docs(Endpoint::Sessions, "Your devices\n\nEvery device that is signed in.")
            .docs(Endpoint::Refresh, "New tokens")
            .without(Endpoint::LogoutAll)
            .tag_one(Endpoint::LogoutAll, "nowhere")
    });
    let sessions = &document["paths"]["/sessions"]["get"];
    assert_eq!(
        (&sessions["operationId"], &sessions["summary"]),
        (&json!("list_devices"), &json!("Your devices"))
    );
    assert!(
        sessions["description"].as_str().unwrap().starts_with("Every device that is signed in.\n\nAccess: ")
    );
    assert_eq!(sessions["tags"], json!(["auth", "account"]));
    let refresh = &document["paths"]["/refresh"]["post"];
    assert_eq!((&refresh["operationId"], &refresh["summary"]), (&json!("refresh"), &json!("New tokens")));
    assert_eq!(refresh["description"], "Public: the refresh token is the credential");
    assert_eq!(refresh["tags"], json!(["auth"]));
}

#[tokio::test]
async fn an_undocumented_endpoint_is_served_and_in_the_matrix() {
    let app = App::new();
    let router = AuthRouter::new().routes(app.auth.routes().undocumented(Endpoint::LogoutAll));
    let matrix = router.access_matrix();
    let row = matrix.rows().iter().find(|row| row.path() == "/logout-all").unwrap();
    assert!(!row.is_documented());
    let (router, api) = router.split_for_parts();
    assert!(api.paths.get_path_item("/logout-all").is_none());
    assert!(api.paths.get_path_item("/logout").is_some());
    let app = App { router, ..app };
    let pair = app.login(&[]).await;
    let request = request(Method::POST, "/logout-all", Some(&pair.access_token), Body::empty());
    assert_eq!(app.send(request).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn renamed_endpoints_are_served_where_the_document_says() {
    let app = App::new();
    let endpoints = app.auth.routes().nest("/auth").path(Endpoint::RevokeSession, "/devices/{id}/session");
    let inner = AuthRouter::new().routes(endpoints.path(Endpoint::LogoutAll, "/"));
    // The outer `{id}` is not that of the session.
    let (router, _) = AuthRouter::new().nest("/users/{id}", inner).split_for_parts();
    let app = App { router, ..app };
    app.login(&[]).await;
    let id = app.auth.sessions(&7).await.unwrap().remove(0).id;
    let pair = app.login(&[]).await;
    for (method, path) in [
        (Method::DELETE, format!("/users/7/auth/devices/{id}/session")),
        (Method::POST, "/users/7/auth".to_owned()),
    ] {
        let answer = app.send(request(method, &path, Some(&pair.access_token), Body::empty())).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
    }
}

#[test]
#[should_panic = "the path `renew` of `Endpoint::Refresh` does not start with `/`"]
fn a_path_starts_with_a_slash() {
    documented(|endpoints| endpoints.path(Endpoint::Refresh, "renew"));
}

#[test]
#[should_panic = "the path `/devices` of `Endpoint::RevokeSession` has no `{id}`"]
fn the_path_of_a_session_names_it() {
    documented(|endpoints| endpoints.path(Endpoint::RevokeSession, "/devices"));
}

#[test]
#[should_panic = "the path `/{tenant}/refresh` of `Endpoint::Refresh` has a parameter that the endpoint does not read"]
fn a_path_has_no_other_parameters() {
    documented(|endpoints| endpoints.path(Endpoint::Refresh, "/{tenant}/refresh"));
}

#[test]
#[should_panic = "the prefix `auth` of the endpoints does not start with `/`"]
fn a_prefix_starts_with_a_slash() {
    documented(|endpoints| endpoints.nest("auth"));
}

#[test]
#[should_panic = "the prefix `/{tenant}` has a parameter that no endpoint reads"]
fn a_prefix_has_no_parameters() {
    documented(|endpoints| endpoints.nest("/{tenant}"));
}

#[test]
#[should_panic = "the tag of the endpoints is empty"]
fn a_tag_has_a_name() {
    documented(|endpoints| endpoints.tag(""));
}

#[test]
#[should_panic = "the tag of `Endpoint::Sessions` is empty"]
fn a_tag_of_one_endpoint_has_a_name() {
    documented(|endpoints| endpoints.tag_one(Endpoint::Sessions, " "));
}

#[test]
#[should_panic = "the operation id of `Endpoint::Refresh` is empty"]
fn an_operation_has_an_id() {
    documented(|endpoints| endpoints.operation_id(Endpoint::Refresh, ""));
}

#[test]
#[should_panic = "the operation id `logout` of `Endpoint::Refresh` is that of another endpoint"]
fn two_operations_have_two_ids() {
    documented(|endpoints| endpoints.operation_id(Endpoint::Refresh, "logout"));
}

#[test]
#[should_panic = "the summary of `Endpoint::Refresh` is empty"]
fn an_operation_has_a_summary() {
    documented(|endpoints| endpoints.docs(Endpoint::Refresh, "\n\nNew tokens."));
}

#[test]
#[should_panic = "POST /logout is added twice, at "]
fn two_endpoints_have_two_places() {
    documented(|endpoints| endpoints.path(Endpoint::Refresh, "/logout"));
}

/// Row 95: the store is used alike, so that the time reveals no more than the answer.
#[tokio::test]
async fn the_store_is_asked_alike_for_unknown_foreign_and_expired_sessions() {
    let store = Arc::new(Asked::default());
    let app = mounted(|builder| builder.store(Arc::clone(&store)));
    let foreign = User { id: 8, ..User::with(&[]) };
    app.login(&[]).await;
    let expired = app.auth.sessions(&7).await.unwrap().remove(0).id;
    app.clock.advance(SECOND * 31 * 86_400);
    app.auth.login(&foreign, SessionMetadata::default()).await.unwrap();
    let foreign = app.auth.sessions(&8).await.unwrap().remove(0).id;
    let pair = app.login(&[]).await;
    let unknown = SessionId::generate(Partition::new(7)).unwrap();
    store.taken();
    let mut asked = Vec::new();
    for id in [unknown, foreign, expired] {
        let path = format!("/sessions/{id}");
        let answer = call(&app, Method::DELETE, &path, Some(&pair.access_token), "").await;
        answer.refused(StatusCode::NOT_FOUND, "not_found");
        asked.push(store.taken());
    }
    assert!(!asked[0].is_empty());
    asked.dedup();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

/// Rows 48 and 95: a request that the guard refuses does not reach the store.
#[tokio::test]
async fn the_store_is_not_asked_for_callers_who_are_not_signed_in() {
    let store = Arc::new(Asked::default());
    let app = mounted(|builder| builder.store(Arc::clone(&store)));
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::DELETE, "/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
        (Method::POST, "/logout-all"),
    ] {
        assert_eq!(call(&app, method, path, Some("a.b.c"), "").await.status, StatusCode::UNAUTHORIZED);
    }
    assert!(store.taken().is_empty());
}

/// Rows 112 and 140.
#[test]
fn the_document_says_what_a_refresh_cookie_changes() {
    let app = mounted(|builder| builder.cookies(Cookies::new()));
    let router = AuthRouter::new().routes(app.auth.routes().nest("/auth")).describe(&app.auth);
    let document = document(router);
    for path in ["/auth/refresh", "/auth/logout"] {
        let refusal = &document["paths"][path]["post"]["responses"]["403"];
        assert_eq!(refusal["description"], "Another site may have sent the request", "{path}");
    }
    let refresh = &document["paths"]["/auth/refresh"]["post"];
    assert_eq!(refresh["requestBody"]["required"], false);
    let answers = &refresh["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"];
    let expected =
        ["TokenPair", "CookieTokens"].map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }));
    assert_eq!(answers, &json!(expected));
    assert!(document["components"]["schemas"]["CookieTokens"].is_object());
}
