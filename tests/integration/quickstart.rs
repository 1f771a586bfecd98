//! The quickstart as a process, driven over real HTTP.

use std::path::Path;
use std::process::Command;

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
    assert_eq!(server.get("/sessions", Some(&access)).0, 200);
    assert_eq!(server.call(Method::POST, "/logout", &access).0, 204);
    assert_eq!(exchange(&refresh).0, 400);
    // The access token lives on, and a live route refuses it, as the printed lines say.
    assert_eq!(server.get("/me", Some(&access)).0, 200);
    assert_eq!(server.get("/sessions", Some(&access)).0, 401);
}

/// The lines are pasted into a shell, so a shell is asked what they keep.
#[test]
fn printed_lines_keep_both_tokens_in_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let server = quickstart(folder.path());
    let mut lines = Vec::new();
    while lines.len() < 2 {
        lines.extend(Some(server.line()).filter(|line| line.contains("sed ")));
    }
    let (status, pair) = server.post("/login", &server.credentials("ada"));
    assert_eq!(status, 200);
    let script = format!("{}\necho \"$TOKEN $REFRESH\"", lines.join("\n"));
    let shell = Command::new("sh").args(["-c", &script]).env("PAIR", pair.to_string()).output().unwrap();
    let kept = format!("{} {}\n", text(&pair, "access_token"), text(&pair, "refresh_token"));
    assert_eq!(String::from_utf8_lossy(&shell.stdout), kept);
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
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let tags: std::collections::BTreeSet<_> =
        operations.map(|operation| operation["tags"].to_string()).collect();
    let used = [r#"["sessions"]"#, r#"["sign-in"]"#, r#"["users"]"#];
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), used);
    let described = document["tags"].as_array().unwrap().iter().map(|tag| json!([tag["name"]]).to_string());
    assert_eq!(described.collect::<std::collections::BTreeSet<_>>(), used.map(str::to_owned).into());
}
