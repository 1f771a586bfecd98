//! The example as a process, driven over real HTTP.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// The server, ended with the test.
struct Quickstart {
    process: Child,
    url: String,
    passwords: Vec<(String, String)>,
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Quickstart {
    /// Builds and starts the example on a free port and reads what it tells its user.
    fn start(database: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap();
        let mut process = Command::new(cargo)
            .args(["run", "--quiet", "-p", "quickstart"])
            .env("PORT", "0")
            .env("DATABASE", database)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        // Reads on when nobody listens any more: a closed pipe would end the server.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut quickstart = Self { process, url: String::new(), passwords: Vec::new() };
        while quickstart.passwords.len() < 2 {
            let line = lines.recv_timeout(Duration::from_secs(600)).expect("the quickstart starts");
            if let Some(url) = line.strip_prefix("Scalar: ").and_then(|line| line.strip_suffix("/scalar")) {
                quickstart.url = url.to_owned();
            }
            if let Some((_, body)) = line.split_once("--json '")
                && line.contains("/login")
            {
                let body: Value = serde_json::from_str(body.trim_end_matches('\'')).unwrap();
                let text = |name: &str| body[name].as_str().unwrap().to_owned();
                quickstart.passwords.push((text("name"), text("password")));
            }
        }
        quickstart
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = agent().post(format!("{}{path}", self.url)).send_json(body).unwrap();
        read(answer)
    }

    fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let mut request = agent().get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        read(request.call().unwrap())
    }

    fn login(&self, name: &str) -> (String, String) {
        let (_, password) = self.passwords.iter().find(|(user, _)| user == name).unwrap();
        let (status, pair) = self.post("/login", &json!({ "name": name, "password": password }));
        assert_eq!(status, 200);
        (text(&pair, "access_token"), text(&pair, "refresh_token"))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

#[test]
fn newcomer_signs_in_is_let_in_and_refused_refreshes_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let server = Quickstart::start(&folder.path().join("quickstart.db"));

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
    let logout = agent()
        .post(format!("{}/logout", server.url))
        .header("Authorization", format!("Bearer {access}"))
        .send_empty()
        .unwrap();
    assert_eq!(logout.status().as_u16(), 204);
    assert_eq!(exchange(&refresh).0, 400);
}

#[test]
fn scalar_page_and_document_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = Quickstart::start(&folder.path().join("quickstart.db"));
    let (status, page) = server.get("/scalar", None);
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().contains("<html"));
    let (status, document) = server.get("/scalar/openapi.json", None);
    assert_eq!(status, 200);
    assert_eq!(document["paths"]["/users"]["get"]["security"], json!([{ "bearer": ["admin"] }]));
    assert_eq!(document["paths"]["/login"]["post"]["security"], json!([]));
}
