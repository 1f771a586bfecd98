//! The quickstart as a process, driven over real HTTP.

use std::path::Path;

use axum::http::Method;
use serde_json::json;

use crate::process::{Process, text};

fn quickstart(folder: &Path) -> Process {
    Process::start(&["-p", "quickstart"], &[("DATABASE", folder.join("quickstart.db"))])
}

#[test]
fn newcomer_signs_in_refreshes_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let server = quickstart(folder.path());

    assert_eq!(server.post("/login", &json!({ "name": "max", "password": "guess" })).0, 401);
    let (access, refresh) = server.login("max");
    let (status, user) = server.get("/me", Some(&access));
    assert_eq!((status, text(&user, "name").as_str()), (200, "max"));

    let (status, problem) = server.get("/me", None);
    assert_eq!((status, text(&problem, "code").as_str()), (401, "missing_credentials"));
    let (status, problem) = server.get("/users", Some(&access));
    assert_eq!((status, text(&problem, "code").as_str()), (403, "insufficient_scope"));
    assert_eq!(text(&problem, "required"), "role `admin`");
    let (ada, _) = server.login("ada");
    assert_eq!(server.get("/users", Some(&ada)).0, 200);

    let exchange = |token: &str| server.post("/refresh", &json!({ "refresh_token": token }));
    let (status, second) = exchange(&refresh);
    assert_eq!(status, 200);
    let (status, third) = exchange(&text(&second, "refresh_token"));
    assert_eq!(status, 200);
    // The first token again: two exchanges later it is a replay, and the session ends.
    let (status, problem) = exchange(&refresh);
    assert_eq!((status, text(&problem, "code").as_str()), (400, "invalid_grant"));
    assert_eq!(exchange(&text(&third, "refresh_token")).0, 400);

    let (access, refresh) = server.login("max");
    assert_eq!(server.call(Method::POST, "/logout", &access).0, 204);
    assert_eq!(exchange(&refresh).0, 400);
}

#[test]
fn scalar_page_and_document_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = quickstart(folder.path());
    let (status, page) = server.get("/scalar", None);
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().contains("<html"));
    let (status, document) = server.get("/scalar/openapi.json", None);
    assert_eq!(status, 200);
    assert_eq!(document["paths"]["/users"]["get"]["security"], json!([{ "bearer": ["admin"] }]));
    assert_eq!(document["paths"]["/login"]["post"]["security"], json!([]));
}
